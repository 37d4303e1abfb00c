//! How a cost model is made: from workload and policy, so that it cannot contradict them.

use super::{Calibration, CoefficientSets, CostModel};
use crate::{
    format::FormatError,
    policy::{Measure, Policy, PolicyError},
    server::{NEWEST_MAJOR, OLDEST_MAJOR, ServerVersion},
    workload::Workload,
};

/// Why there is no cost model.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CostError {
    /// A coefficient is negative, no number, or not between its neighbours.
    #[error(transparent)]
    Coefficients(#[from] FormatError),
    /// The policy contradicts itself.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The workload comes from a server that is too old or too new.
    #[error("the workload was sampled on version {0}, but {OLDEST_MAJOR} to {NEWEST_MAJOR} are supported")]
    Sampled(ServerVersion),
    /// No such version, or one that is too old or too new.
    #[error(
        "invalid version of the {server}: {version}; expected a major version from {OLDEST_MAJOR} to {NEWEST_MAJOR}"
    )]
    Version {
        /// The publisher or the subscriber.
        server: &'static str,
        /// What was given.
        version: ServerVersion,
    },
    /// The model counts something else than the policy balances.
    #[error("the cost model counts {counted:?}, but the policy balances {balanced:?}")]
    Measure {
        /// What the model counts.
        counted: Measure,
        /// What the policy balances.
        balanced: Measure,
    },
    /// WAL bytes for a measure that counts time.
    #[error("the policy has a slot_capacity, which counts WAL bytes, but balances {0:?}")]
    Capacity(Measure),
}

impl CostModel {
    /// What changes of this workload cost, balanced as the policy says, for a publisher of the sampled version.
    /// `subscriber` is `None` for the publisher's major version.
    ///
    /// # Errors
    /// [`CostError`] for coefficients that are no times, versions that do not exist or are too old, and a capacity that the
    /// measure does not have.
    pub fn new(
        workload: &Workload,
        policy: &Policy,
        coefficients: CoefficientSets,
        subscriber: Option<ServerVersion>,
    ) -> Result<Self, CostError> {
        policy.validate()?;
        Calibration::new(coefficients.clone()).check()?;
        let publisher = workload.server.version_num;
        if !publisher.can_be_planned() {
            return Err(CostError::Sampled(publisher));
        }
        let model = CostModel {
            measure: policy.load,
            coefficients,
            publisher,
            subscriber: subscriber.unwrap_or_else(|| ServerVersion::of_major(publisher.major())),
            made_full: Default::default(),
        };
        model.check(policy)?;
        Ok(model)
    }

    /// The same for a publisher of another version, such as a copy of the sampled server that was upgraded. A subscriber of
    /// the publisher's version stays so.
    ///
    /// # Errors
    /// [`CostError::Version`].
    pub fn for_publisher(mut self, publisher: ServerVersion) -> Result<Self, CostError> {
        check_version("publisher", publisher)?;
        if publisher.major() != self.publisher.major() {
            if self.subscriber == ServerVersion::of_major(self.publisher.major()) {
                self.subscriber = publisher;
            }
            self.publisher = publisher;
        }
        Ok(self)
    }

    /// Whether it can be used with the policy.
    ///
    /// # Errors
    /// [`CostError`].
    pub fn check(&self, policy: &Policy) -> Result<(), CostError> {
        if self.measure != policy.load {
            return Err(CostError::Measure { counted: self.measure, balanced: policy.load });
        }
        if policy.slot_capacity.is_some() && policy.load != Measure::Wal {
            return Err(CostError::Capacity(policy.load));
        }
        check_version("publisher", self.publisher)?;
        check_version("subscriber", self.subscriber)
    }
}

fn check_version(server: &'static str, version: ServerVersion) -> Result<(), CostError> {
    if version.can_be_planned() { Ok(()) } else { Err(CostError::Version { server, version }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::{GenerateSettings, generate};

    #[test]
    fn a_model_that_contradicts_its_inputs_is_refused() {
        let workload = generate(&GenerateSettings { tables: 3, hours: 1, ..GenerateSettings::default() }).unwrap();
        let policy = Policy::default();
        let new =
            |policy: &Policy, coefficients, subscriber| CostModel::new(&workload, policy, coefficients, subscriber);
        let model = new(&policy, CoefficientSets::default(), None).unwrap();
        assert_eq!((model.measure, model.publisher), (policy.load, workload.server.version_num));
        assert_eq!(model.subscriber.major(), model.publisher.major());

        let mut negative = CoefficientSets::default();
        negative.low.row_us = -1.0;
        assert!(matches!(new(&policy, negative, None), Err(CostError::Coefficients(_))));
        for number in [0, 15, 110_000, 1_000_000] {
            let refused = new(&policy, CoefficientSets::default(), Some(ServerVersion(number)));
            assert!(matches!(refused, Err(CostError::Version { server: "subscriber", .. })), "{number}");
            assert!(matches!(model.clone().for_publisher(ServerVersion(number)), Err(CostError::Version { .. })));
        }
        let later = model.clone().for_publisher(ServerVersion::of_major(17)).unwrap();
        assert_eq!((later.publisher.major(), later.subscriber.major()), (17, 17));

        let wal = Policy { load: Measure::Wal, ..Policy::default() };
        assert!(matches!(model.check(&wal), Err(CostError::Measure { .. })));
        let capacity = Policy { slot_capacity: Some(1), ..Policy::default() };
        assert!(matches!(
            new(&capacity, CoefficientSets::default(), None),
            Err(CostError::Capacity(Measure::Pipeline))
        ));
    }
}
