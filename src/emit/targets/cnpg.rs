//! CloudNativePG `Publication` and `Subscription` objects (postgresql.cnpg.io/v1). A publication object is written when the
//! publisher is a CloudNativePG cluster, too; otherwise it stays SQL. The clusters are called `publisher` and `subscriber`
//! here; so is the subscriber's entry of `externalClusters`.

use std::{collections::BTreeSet, fmt::Write as _};

use serde_json::{Map, Value, json};

use super::{Made, refuse, subscription_parameters, yaml::to_yaml};
use crate::{
    emit::{
        Context, EmitError, Published,
        step::{Step, StepId, StepSide},
    },
    server::Flavor,
};

/// The operator's limit on `target.objects`.
const MOST_OBJECTS: usize = 100_000;

pub(super) fn steps(context: &Context<'_>) -> Result<Made, EmitError> {
    let mut made = vec![subscriptions(context)?];
    if context.plan.server.flavor != Flavor::Cnpg {
        return Ok((&[StepId::Subscriptions], made, Vec::new()));
    }
    made.push(publications(context)?);
    Ok((&[StepId::Publications, StepId::Subscriptions], made, Vec::new()))
}

/// A Kubernetes object's name from ours, unique among those before it.
fn object_name(text: &str, taken: &mut BTreeSet<String>) -> String {
    let dashed: String =
        text.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).take(50).collect();
    let base = match dashed.trim_matches('-') {
        "" => "slot",
        trimmed => trimmed,
    };
    let mut name = base.to_owned();
    let mut number = 2;
    while !taken.insert(name.clone()) {
        name = format!("{base}-{number}");
        number += 1;
    }
    name
}

fn documents(context: &Context<'_>, file: &str, objects: &[Value]) -> String {
    let mut text = format!("# {file}, for plan {}\n", context.plan.plan_sha256);
    for object in objects {
        let _ = write!(text, "---\n{}", to_yaml(object));
    }
    text
}

/// One object for each publication.
pub(in crate::emit) fn publication_objects(context: &Context<'_>) -> Result<Vec<Value>, EmitError> {
    let mut taken = BTreeSet::new();
    context.publications.iter().map(|published| publication(context, published, &mut taken)).collect()
}

fn publication(
    context: &Context<'_>,
    published: &Published<'_>,
    taken: &mut BTreeSet<String>,
) -> Result<Value, EmitError> {
    if published.tables.len() > MOST_OBJECTS {
        return refuse(
            "cnpg",
            format!("{} tables in one publication", published.tables.len()),
            "it takes 100,000 at most",
        );
    }
    let mut objects = Vec::new();
    for table in &published.tables {
        if table.row_filter.is_some() {
            return refuse(
                "cnpg",
                format!("the row filter of table {}", table.table_name()),
                "a Publication has no row filters",
            );
        }
        let mut object = json!({ "schema": table.schema, "name": table.name });
        if table.only {
            object["only"] = Value::from(true);
        }
        objects.push(json!({ "table": object }));
    }
    let mut parameters = json!({ "publish": published.publishes.to_list() });
    if context.plan.publisher_version.publishes_partition_roots() {
        parameters["publish_via_partition_root"] = Value::from(published.slot.via_root.to_string());
    }
    Ok(json!({
        "apiVersion": "postgresql.cnpg.io/v1",
        "kind": "Publication",
        "metadata": { "name": object_name(published.name, taken) },
        "spec": {
            "cluster": { "name": "publisher" },
            "dbname": context.plan.database,
            "name": published.name,
            "parameters": parameters,
            "publicationReclaimPolicy": "retain",
            "target": { "objects": objects },
        },
    }))
}

/// One object for each subscription.
pub(in crate::emit) fn subscription_objects(context: &Context<'_>) -> Result<Vec<Value>, EmitError> {
    let mut taken = BTreeSet::new();
    let mut objects = Vec::new();
    for slot in &context.plan.slots {
        let publications = context.publication_names(slot);
        if publications.len() > 1 {
            return refuse(
                "cnpg",
                format!("the two publications of subscription \"{}\"", crate::names::one_line(&slot.subscription)),
                "a Subscription has one; insert-only tables need the second",
            );
        }
        let parameters: Map<String, Value> = subscription_parameters(context, slot.name.as_str())
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        objects.push(json!({
            "apiVersion": "postgresql.cnpg.io/v1",
            "kind": "Subscription",
            "metadata": { "name": object_name(&slot.subscription, &mut taken) },
            "spec": {
                "cluster": { "name": "subscriber" },
                "dbname": context.plan.database,
                "externalClusterName": "publisher",
                "name": slot.subscription,
                "parameters": parameters,
                "publicationDBName": context.plan.database,
                "publicationName": publications[0],
                "subscriptionReclaimPolicy": "retain",
            },
        }));
    }
    Ok(objects)
}

const EXPECTED: &str = "created for each object; kubectl get publications,subscriptions shows APPLIED true soon after.";

fn publications(context: &Context<'_>) -> Result<Step, EmitError> {
    let file = "30_publications.yaml";
    Ok(Step {
        why: "A slot that is older than its publication ends in an endless error, or skips changes.".into(),
        undo: Some(
            "kubectl delete -f, then DROP PUBLICATION: the reclaim policy keeps what is in the database.".into(),
        ),
        hazard: Some(
            "Replace the cluster name \"publisher\" by yours. Wait until every object is applied before the slots."
                .into(),
        ),
        expected: EXPECTED.into(),
        body: documents(context, file, &publication_objects(context)?),
        file: file.into(),
        side: StepSide::Shell,
        ..Step::new(StepId::Publications, "Creates the publications through the operator.")
    })
}

fn subscriptions(context: &Context<'_>) -> Result<Step, EmitError> {
    let file = "60_subscriptions.yaml";
    Ok(Step {
        why: "The operator creates each subscription on its slot; the initial copy starts.".into(),
        undo: Some("kubectl delete -f, then {subscriber_cleanup}: the reclaim policy keeps what is in the database.".into()),
        hazard: Some(
            "Replace the cluster name \"subscriber\" by yours, and \"publisher\" by its entry of externalClusters. Later changes of \
             other parameters than the operator knows are silently ignored."
                .into(),
        ),
        expected: EXPECTED.into(),
        body: documents(context, file, &subscription_objects(context)?),
        file: file.into(),
        side: StepSide::Shell,
        ..Step::new(StepId::Subscriptions, "Creates the subscriptions through the operator.")
    })
}
