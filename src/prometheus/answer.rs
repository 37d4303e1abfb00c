//! Answers of the query API (`/api/v1/query` and `/api/v1/query_range`) into labelled series.
//! Source: Prometheus documentation, "HTTP API".

use std::collections::BTreeMap;

use serde::Deserialize;

/// One series of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesAnswer {
    /// Its labels, `__name__` among them where the query kept it.
    pub labels: BTreeMap<String, String>,
    /// Seconds since the epoch and value, in order of time.
    pub points: Vec<(f64, f64)>,
}

/// Why an answer is not one.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// Not JSON of this form.
    #[error("{0}")]
    Syntax(#[from] serde_json::Error),
    /// It says that it failed.
    #[error("{0}")]
    Failed(String),
    /// A value that is no number.
    #[error("value \"{0}\" is not a number")]
    Value(String),
    /// A string or scalar where series are expected.
    #[error("result of type \"{0}\" where series are expected")]
    Type(String),
}

#[derive(Deserialize)]
struct Answer {
    status: String,
    data: Option<Data>,
    error: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    result_type: String,
    result: serde_json::Value,
}

#[derive(Deserialize)]
struct Item {
    #[serde(default)]
    metric: BTreeMap<String, String>,
    value: Option<(f64, String)>,
    #[serde(default)]
    values: Vec<(f64, String)>,
}

/// The series of an answer.
///
/// # Errors
/// [`AnswerError`] when it is not one or says that it failed.
pub fn parse(body: &[u8]) -> Result<Vec<SeriesAnswer>, AnswerError> {
    let answer: Answer = serde_json::from_slice(body)?;
    let data = match answer.data.filter(|_| answer.status == "success") {
        Some(data) => data,
        None => return Err(AnswerError::Failed(answer.error.unwrap_or_else(|| "no reason given".to_owned()))),
    };
    if !matches!(data.result_type.as_str(), "matrix" | "vector") {
        return Err(AnswerError::Type(data.result_type));
    }
    let items: Vec<Item> = serde_json::from_value(data.result)?;
    items
        .into_iter()
        .map(|item| {
            let points = item.value.into_iter().chain(item.values);
            let number = |text: String| text.parse::<f64>().map_err(|_| AnswerError::Value(text));
            let points: Result<Vec<(f64, f64)>, AnswerError> =
                points.map(|(at, text)| Ok((at, number(text)?))).collect();
            Ok(SeriesAnswer { labels: item.metric, points: points? })
        })
        .collect()
}

/// The server's own words in an answer of failure; none where it is no such answer.
pub fn error_text(body: &[u8]) -> Option<String> {
    let answer: Answer = serde_json::from_slice(body).ok()?;
    answer.error.map(|text| crate::names::one_line(&text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matrices_and_vectors_are_read() {
        let body = br#"{"status":"success","data":{"resultType":"matrix","result":[
            {"metric":{"relname":"orders"},"values":[[1767571200,"12"],[1767574800.5,"NaN"]]}]},"warnings":["w"]}"#;
        let series = parse(body).unwrap();
        assert_eq!(series[0].labels["relname"], "orders");
        assert_eq!(series[0].points[0], (1_767_571_200.0, 12.0));
        assert!(series[0].points[1].1.is_nan());
        let body = br#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"3"]}]}}"#;
        assert_eq!(parse(body).unwrap()[0].points, [(1.0, 3.0)]);
    }

    #[test]
    fn failures_keep_the_servers_words() {
        let body = br#"{"status":"error","errorType":"bad_data","error":"parse error\nline 1"}"#;
        assert_eq!(error_text(body).as_deref(), Some("parse error\\u{a}line 1"));
        assert!(matches!(parse(body), Err(AnswerError::Failed(_))));
        assert!(matches!(parse(b"<html>"), Err(AnswerError::Syntax(_))));
        let scalar = br#"{"status":"success","data":{"resultType":"scalar","result":[1,"3"]}}"#;
        assert!(matches!(parse(scalar), Err(AnswerError::Type(_))));
        let odd = br#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"x"]}]}}"#;
        assert!(matches!(parse(odd), Err(AnswerError::Value(_))));
    }
}
