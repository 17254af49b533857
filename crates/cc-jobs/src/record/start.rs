//! Reads a struct from the first bytes of a JSON object that begins with its fields, in their order.
//!
//! So listing thousands of jobs does not read thousands of reports.

use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};
use serde_json::Error;

/// The struct, or an error where the bytes end before it does or the object has another order.
///
/// What follows the last field is ignored.
pub(super) fn read_start<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, Error> {
    T::deserialize(Start(bytes))
}

/// The names of the fields of a struct.
pub(super) fn fields_of<'de, T: Deserialize<'de>>() -> &'static [&'static str] {
    struct Asked<'a>(&'a mut &'static [&'static str]);

    impl<'de> Deserializer<'de> for Asked<'_> {
        type Error = Error;

        fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
            Err(Error::custom("only the names were asked for"))
        }

        fn deserialize_struct<V: Visitor<'de>>(
            self,
            _: &'static str,
            fields: &'static [&'static str],
            visitor: V,
        ) -> Result<V::Value, Error> {
            *self.0 = fields;
            self.deserialize_any(visitor)
        }

        forward_to_deserialize_any! {
            bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit
            unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
        }
    }

    let mut fields: &[&str] = &[];
    // It fails on purpose, once it has the names.
    let _ = T::deserialize(Asked(&mut fields));
    fields
}

struct Start<'de>(&'de [u8]);

impl<'de> Deserializer<'de> for Start<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(Error::custom("no struct"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let mut read = None;
        let first = First {
            fields,
            visitor,
            read: &mut read,
        };
        let end = serde_json::Deserializer::from_slice(self.0).deserialize_map(first);
        match (read, end) {
            // Where the bytes end with the last value, that may be cut: `1` of `12`.
            (_, Err(error)) if error.is_eof() => Err(error),
            // `serde_json` sees more of the object as an error; here it is none.
            (Some(read), _) => Ok(read),
            (None, Err(error)) => Err(error),
            (None, Ok(())) => Err(Error::custom("nothing was read")),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

struct First<'a, V, T> {
    fields: &'static [&'static str],
    visitor: V,
    read: &'a mut Option<T>,
}

impl<'de, V: Visitor<'de>> Visitor<'de> for First<'_, V, V::Value> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(f)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        let fields = FirstFields {
            map,
            left: self.fields,
        };
        *self.read = Some(self.visitor.visit_map(fields)?);
        Ok(())
    }
}

/// The object as long as its keys are the fields, and no longer.
struct FirstFields<A> {
    map: A,
    left: &'static [&'static str],
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for FirstFields<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        let Some((field, left)) = self.left.split_first() else {
            return Ok(None);
        };
        if self.map.next_key::<&str>()? != Some(field) {
            return Err(A::Error::custom(
                "the object does not begin with the fields",
            ));
        }
        self.left = left;
        seed.deserialize(StrDeserializer::new(field)).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Pair {
        a: u32,
        #[serde(default)]
        b: Option<String>,
    }

    fn check(text: &str, expect: Option<(u32, Option<&str>)>) {
        let expect = expect.map(|(a, b)| Pair {
            a,
            b: b.map(str::to_owned),
        });
        assert_eq!(read_start(text.as_bytes()).ok(), expect, "{text}");
    }

    #[test]
    fn what_follows_the_fields_is_not_read() {
        check(r#"{"a":1,"b":"x"}"#, Some((1, Some("x"))));
        check(r#" { "a" : 1, "b" : null, "c"#, Some((1, None)));
        check(r#"{"a":1,"b":"x","c":{"a":2},"a":3}"#, Some((1, Some("x"))));
        check(r#"{"a":1,"b":"x" broken"#, Some((1, Some("x"))));
    }

    #[test]
    fn an_object_that_does_not_begin_with_all_fields_in_order_is_refused() {
        for text in [
            "",
            "null",
            "[1,null]",
            "{}",
            r#"{"a":1}"#,
            r#"{"a":1,"#,
            r#"{"a":1,"b":"cut"#,
            r#"{"b":"x","a":1}"#,
            r#"{"a":1,"c":0,"b":"x"}"#,
            r#"{"a":"1","b":"x"}"#,
        ] {
            check(text, None);
        }
    }

    #[test]
    fn a_number_is_not_taken_for_whole_where_the_bytes_end() {
        #[derive(Debug, PartialEq, Deserialize)]
        struct Number {
            n: u32,
        }
        assert_eq!(
            read_start::<Number>(br#"{"n":12,"#).ok(),
            Some(Number { n: 12 })
        );
        assert_eq!(
            read_start::<Number>(br#"{"n":12}"#).ok(),
            Some(Number { n: 12 })
        );
        assert_eq!(read_start::<Number>(br#"{"n":1"#).ok(), None);
    }

    #[test]
    fn the_names_of_the_fields() {
        assert_eq!(fields_of::<Pair>(), ["a", "b"]);
    }

    proptest::proptest! {
        #[test]
        fn any_cut_gives_the_whole_or_nothing(b: Option<String>, rest: String, cut in 0_usize..200) {
            let rest = serde_json::json!(rest);
            let text = format!(r#"{{"a":7,"b":{},"rest":{rest}}}"#, serde_json::json!(b));
            let cut = cut.min(text.len());
            if let Ok(pair) = read_start::<Pair>(&text.as_bytes()[..cut]) {
                proptest::prop_assert_eq!(pair, Pair { a: 7, b });
            }
        }
    }
}
