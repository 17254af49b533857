//! What the programs are made of, as a bill of materials (CycloneDX 1.5): every package with its licence and the
//! digest that Cargo.lock has.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use super::commands::{Done, said_by};
use super::release::{Release, VERSION};

/// The package whose dependencies are listed.
const PACKAGE: &str = "cc-installer";

/// Writes the list for all targets together.
pub(super) fn write(release: &Release) -> Done {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(&release.root);
    let metadata = said_by(cargo.args(["metadata", "--locked", "--format-version", "1"]))?;
    let lock = fs::read_to_string(release.root.join("Cargo.lock"))?;
    let list = list(
        &serde_json::from_str(&metadata)?,
        &checksums(&lock),
        release.time,
    )?;
    let file = release.out.join(format!("cc-{VERSION}.cdx.json"));
    Ok(fs::write(file, format!("{list:#}\n"))?)
}

/// The digests of Cargo.lock by name and version.
fn checksums(lock: &str) -> BTreeMap<(&str, &str), &str> {
    let packages = lock.split("[[package]]");
    packages
        .filter_map(|it| {
            Some((
                (value(it, "name")?, value(it, "version")?),
                value(it, "checksum")?,
            ))
        })
        .collect()
}

/// A value of a package in Cargo.lock.
fn value<'a>(package: &'a str, key: &str) -> Option<&'a str> {
    let mut lines = package.lines();
    let line = lines.find_map(|line| line.strip_prefix(key)?.strip_prefix(" = \""));
    line?.strip_suffix('"')
}

fn list(metadata: &Value, checksums: &BTreeMap<(&str, &str), &str>, time: u64) -> Done<Value> {
    let packages = metadata["packages"].as_array().ok_or("no packages")?;
    let packages: BTreeMap<&str, &Value> = packages
        .iter()
        .filter_map(|package| Some((package["id"].as_str()?, package)))
        .collect();
    let nodes = metadata["resolve"]["nodes"]
        .as_array()
        .ok_or("no dependencies")?;
    let needs: BTreeMap<&str, Vec<&str>> = nodes
        .iter()
        .filter_map(|node| Some((node["id"].as_str()?, linked(node))))
        .collect();
    let root = packages
        .iter()
        .find(|(_, package)| package["name"] == PACKAGE);
    let (&root, _) = root.ok_or("the package is not there")?;
    let mut found = BTreeSet::from([root]);
    let mut next = vec![root];
    while let Some(id) = next.pop() {
        let new = needs
            .get(id)
            .into_iter()
            .flatten()
            .filter(|id| found.insert(id));
        next.extend(new.copied().collect::<Vec<_>>());
    }
    let component = |id: &&str| {
        let package = packages[id];
        let (name, version) = (package["name"].as_str()?, package["version"].as_str()?);
        let mut component = json!({
            "type": if *id == root { "application" } else { "library" },
            "bom-ref": reference(package),
            "name": name,
            "version": version,
            "purl": reference(package),
            "licenses": [{ "expression": package["license"].as_str()?.replace('/', " OR ") }],
        });
        if let Some(digest) = checksums.get(&(name, version)) {
            component["hashes"] = json!([{ "alg": "SHA-256", "content": digest }]);
        }
        Some(component)
    };
    let others = found.iter().filter(|id| **id != root).map(component);
    let others: Option<Vec<Value>> = others.collect();
    let depends = found.iter().map(|id| {
        let on: BTreeSet<String> = needs[id].iter().map(|id| reference(packages[id])).collect();
        json!({ "ref": reference(packages[id]), "dependsOn": on })
    });
    Ok(json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "timestamp": rfc3339(time)?,
            "component": component(&root).ok_or("the package has no licence")?,
        },
        "components": others.ok_or("a package has no licence")?,
        "dependencies": depends.collect::<Vec<_>>(),
    }))
}

/// What becomes part of a program: no dependencies of tests or of build scripts.
fn linked(node: &Value) -> Vec<&str> {
    let needed = node["deps"].as_array().into_iter().flatten().filter(|dep| {
        let mut kinds = dep["dep_kinds"].as_array().into_iter().flatten();
        kinds.any(|kind| kind["kind"].is_null())
    });
    needed.filter_map(|dep| dep["pkg"].as_str()).collect()
}

fn reference(package: &Value) -> String {
    let text = |key: &str| package[key].as_str().unwrap_or_default();
    format!("pkg:cargo/{}@{}", text("name"), text("version"))
}

fn rfc3339(seconds: u64) -> Done<String> {
    let mut date = Command::new("date");
    date.args([
        "--utc",
        "--date",
        &format!("@{seconds}"),
        "+%Y-%m-%dT%H:%M:%SZ",
    ]);
    said_by(&mut date)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_linked_is_listed_with_licence_and_digest() {
        let package = |name: &str, license: &str| json!({ "id": name, "name": name, "version": "1.0.0", "license": license });
        let dep = |name: &str, kind: Value| json!({ "pkg": name, "dep_kinds": [{ "kind": kind }] });
        let metadata = json!({
            "packages": [
                package(PACKAGE, "Apache-2.0"), package("a", "MIT/Apache-2.0"), package("b", "MIT"),
                package("of-tests", "GPL-3.0"), package("of-builds", "MIT"),
            ],
            "resolve": { "nodes": [
                { "id": PACKAGE, "deps": [dep("a", Value::Null), dep("of-tests", "dev".into())] },
                { "id": "a", "deps": [dep("b", Value::Null), dep("of-builds", "build".into())] },
                { "id": "b", "deps": [] }, { "id": "of-tests", "deps": [] }, { "id": "of-builds", "deps": [] },
            ] },
        });
        let lock = "[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nchecksum = \"abc\"\n\n\
                    [[package]]\nname = \"b\"\nversion = \"1.0.0\"\n";
        let list = list(&metadata, &checksums(lock), 0).unwrap();
        let listed = list["components"].as_array().unwrap();
        let names: Vec<_> = listed
            .iter()
            .map(|it| it["name"].as_str().unwrap())
            .collect();
        assert_eq!(names, ["a", "b"]);
        assert_eq!(listed[0]["licenses"][0]["expression"], "MIT OR Apache-2.0");
        assert_eq!(listed[0]["hashes"][0]["content"], "abc");
        assert_eq!(
            list["dependencies"][0]["dependsOn"],
            json!(["pkg:cargo/b@1.0.0"])
        );
        assert_eq!(list["metadata"]["timestamp"], "1970-01-01T00:00:00Z");
    }
}
