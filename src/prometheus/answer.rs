//! Answers of the query API (`/api/v1/query` and `/api/v1/query_range`) into labelled series.
//! Source: Prometheus documentation, "HTTP API".

use std::{borrow::Cow, collections::BTreeMap};

use serde::Deserialize;
use serde_json::value::RawValue;

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
    #[error("{}", shown(&.0.to_string()))]
    Syntax(#[from] serde_json::Error),
    /// It says that it failed.
    #[error("{}", shown(.0))]
    Failed(String),
    /// A value that is no number.
    #[error("value \"{}\" is not a number", shown(.0))]
    Value(String),
    /// A string or scalar where series are expected.
    #[error("result of type \"{}\" where series are expected", shown(.0))]
    Type(String),
}

/// So many characters of a server's text are shown.
const SHOWN: usize = 500;

/// What a server says, on one line that ends.
pub(super) fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", crate::names::one_line(&text[..end])),
        None => crate::names::one_line(text),
    }
}

#[derive(Deserialize)]
struct Answer<'a> {
    status: String,
    #[serde(borrow)]
    data: Option<Data<'a>>,
    error: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data<'a> {
    result_type: String,
    /// Read when its type is known: as values of no type it would take ten times its length.
    #[serde(borrow)]
    result: &'a RawValue,
}

#[derive(Deserialize)]
struct Item<'a> {
    #[serde(default)]
    metric: BTreeMap<String, String>,
    #[serde(borrow)]
    value: Option<(f64, Number<'a>)>,
    #[serde(borrow, default)]
    values: Vec<(f64, Number<'a>)>,
}

#[derive(Deserialize)]
struct Number<'a>(#[serde(borrow)] Cow<'a, str>);

/// The series of an answer.
///
/// # Errors
/// [`AnswerError`] when it is not one or says that it failed.
pub fn parse(body: &[u8]) -> Result<Vec<SeriesAnswer>, AnswerError> {
    let answer: Answer<'_> = serde_json::from_slice(body)?;
    let data = match answer.data.filter(|_| answer.status == "success") {
        Some(data) => data,
        None => return Err(AnswerError::Failed(answer.error.unwrap_or_else(|| "no reason given".to_owned()))),
    };
    if !matches!(data.result_type.as_str(), "matrix" | "vector") {
        return Err(AnswerError::Type(data.result_type));
    }
    let items: Vec<Item<'_>> = serde_json::from_str(data.result.get())?;
    items
        .into_iter()
        .map(|item| {
            let points = item.value.into_iter().chain(item.values);
            let number =
                |Number(text): Number<'_>| text.parse::<f64>().map_err(|_| AnswerError::Value(text.into_owned()));
            let points: Result<Vec<(f64, f64)>, AnswerError> =
                points.map(|(at, text)| Ok((at, number(text)?))).collect();
            Ok(SeriesAnswer { labels: item.metric, points: points? })
        })
        .collect()
}

/// The server's own words in an answer of failure; none where it is no such answer.
pub fn error_text(body: &[u8]) -> Option<String> {
    let answer: Answer<'_> = serde_json::from_slice(body).ok()?;
    answer.error.map(|text| shown(&text))
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
        let text =
            parse(br#"{"status":"error","error":"a\r\u001b[2K\npgslotplan: all is well"}"#).unwrap_err().to_string();
        assert_eq!(text, "a\\u{d}\\u{1b}[2K\\u{a}pgslotplan: all is well");
        let long =
            parse(format!(r#"{{"status":"error","error":"{}"}}"#, "x".repeat(1_000_000)).as_bytes()).unwrap_err();
        assert!(long.to_string().len() < 600);
        let odd = br#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"x"]}]}}"#;
        assert!(matches!(parse(odd), Err(AnswerError::Value(_))));
    }
}
