//! Paths and other OS strings in JSON: as text, or as bytes where they are not valid Unicode.
//!
//! For fields, with `#[serde(with = "cc_core::os_text")]`.

use std::ffi::OsString;
use std::path::PathBuf;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An OS string in JSON: `"text"`, or `{"Unix": [98, 255]}` as serde writes an [`OsString`].
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
pub enum JsonOsString {
    /// Valid Unicode.
    Text(String),
    /// Anything else. Earlier records have all of them in this form.
    Os(OsString),
}

/// A type made of OS strings that can be written as JSON without a loss.
pub trait OsText: Sized {
    /// The form in JSON.
    type Json: Serialize + for<'de> Deserialize<'de>;

    /// Gives the form in JSON.
    fn to_json(&self) -> Self::Json;

    /// Takes it back.
    fn from_json(json: Self::Json) -> Self;
}

/// Writes the OS strings of a field.
///
/// # Errors
/// Those of `serializer`.
pub fn serialize<W: OsText, S: Serializer>(words: &W, serializer: S) -> Result<S::Ok, S::Error> {
    words.to_json().serialize(serializer)
}

/// Reads either form.
///
/// # Errors
/// Where there is something else.
pub fn deserialize<'de, W: OsText, D: Deserializer<'de>>(deserializer: D) -> Result<W, D::Error> {
    W::Json::deserialize(deserializer).map(W::from_json)
}

impl OsText for OsString {
    type Json = JsonOsString;

    fn to_json(&self) -> JsonOsString {
        match self.to_str() {
            Some(text) => JsonOsString::Text(text.to_owned()),
            None => JsonOsString::Os(self.clone()),
        }
    }

    fn from_json(json: JsonOsString) -> Self {
        match json {
            JsonOsString::Text(text) => text.into(),
            JsonOsString::Os(word) => word,
        }
    }
}

impl OsText for PathBuf {
    type Json = JsonOsString;

    fn to_json(&self) -> JsonOsString {
        self.as_os_str().to_owned().to_json()
    }

    fn from_json(json: JsonOsString) -> Self {
        OsString::from_json(json).into()
    }
}

impl<A: OsText, B: OsText> OsText for (A, B) {
    type Json = (A::Json, B::Json);

    fn to_json(&self) -> Self::Json {
        (self.0.to_json(), self.1.to_json())
    }

    fn from_json((a, b): Self::Json) -> Self {
        (A::from_json(a), B::from_json(b))
    }
}

impl<W: OsText> OsText for Vec<W> {
    type Json = Vec<W::Json>;

    fn to_json(&self) -> Self::Json {
        self.iter().map(W::to_json).collect()
    }

    fn from_json(json: Self::Json) -> Self {
        json.into_iter().map(W::from_json).collect()
    }
}

impl<W: OsText> OsText for Option<W> {
    type Json = Option<W::Json>;

    fn to_json(&self) -> Self::Json {
        self.as_ref().map(W::to_json)
    }

    fn from_json(json: Self::Json) -> Self {
        json.map(W::from_json)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Record {
        #[serde(flatten)]
        inner: Inner,
    }

    /// Inside of another one, as serde then keeps all values before it looks at them.
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Inner {
        #[serde(with = "super")]
        path: PathBuf,
        #[serde(default, with = "super")]
        maybe: Option<PathBuf>,
        #[serde(with = "super")]
        pairs: Vec<(OsString, OsString)>,
    }

    fn record(path: &std::ffi::OsStr) -> Record {
        Record {
            inner: Inner {
                path: path.into(),
                maybe: None,
                pairs: vec![("name".into(), path.into())],
            },
        }
    }

    #[test]
    fn text_is_written_as_text() {
        let (record, json) = (
            record("/a é".as_ref()),
            json!({"path": "/a é", "maybe": null, "pairs": [["name", "/a é"]]}),
        );
        assert_eq!(serde_json::to_value(&record).unwrap(), json);
        assert_eq!(serde_json::from_value::<Record>(json).unwrap(), record);
    }

    #[test]
    #[cfg(unix)]
    fn other_bytes_come_back_and_so_does_what_earlier_versions_wrote() {
        use std::os::unix::ffi::OsStrExt;
        let record = record(std::ffi::OsStr::from_bytes(b"b\xff"));
        let b = json!({"Unix": [98, 255]});
        let json = json!({"path": b, "maybe": null, "pairs": [["name", b]]});
        assert_eq!(serde_json::to_value(&record).unwrap(), json);
        let name = json!({"Unix": b"name"});
        for json in [json, json!({"path": b, "pairs": [[name, b]]})] {
            assert_eq!(serde_json::from_value::<Record>(json).unwrap(), record);
        }
    }
}
