//! The modules of a crate depend on each other in one direction only: no cycles.
//!
//! A module depends on another where it names one of its items. A name that is re-exported counts for
//! the module that defines it; calls of methods do not count. `#[cfg(test)]` items are left out.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, ImplItem, Item, UseTree};

use super::layers::packages;

#[test]
fn modules_depend_in_one_direction() {
    let mut found = String::new();
    for package in packages() {
        let name = package["name"].as_str().unwrap();
        for target in package["targets"].as_array().unwrap() {
            let source = target["src_path"].as_str().unwrap();
            let cycles = Modules::of(Path::new(source)).cycles();
            let target = target["name"].as_str().unwrap();
            found.extend(
                cycles
                    .iter()
                    .map(|cycle| format!("{name} ({target})\n{cycle}")),
            );
        }
    }
    assert!(
        found.is_empty(),
        "modules that depend on each other:\n{found}"
    );
}

#[test]
fn every_kind_of_cycle_is_found() {
    let check = |files: &[(&str, &str)], expect: &[&str]| {
        let dir = tempfile::tempdir().unwrap();
        for (file, text) in files {
            let path = dir.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let cycles = Modules::of(&dir.path().join("lib.rs")).cycles();
        assert_eq!(cycles, expect, "{files:?}");
    };
    // A parent with its child.
    check(
        &[
            ("lib.rs", "mod a;"),
            ("a.rs", "mod b; fn f() { b::g() }"),
            ("a/b.rs", "use super::f; pub(super) fn g() { f() }"),
        ],
        &["  a → a::b (g)\n  a::b → a (f)\n"],
    );
    // Three modules, by way of a re-export, a glob and a macro.
    check(
        &[
            ("lib.rs", "mod a; mod b; mod c; pub use a::A;"),
            ("a.rs", "use crate::b::*; pub struct A(B);"),
            ("b.rs", "pub struct B; fn f() { vec![crate::c::C]; }"),
            ("c/mod.rs", "use crate::A as Other; pub struct C(Other);"),
        ],
        &["  a → b (B)\n  b → c (C)\n  c → a (A)\n"],
    );
    // One direction only, but for tests.
    check(
        &[
            ("lib.rs", "mod a; mod b; pub use a::A;"),
            ("a.rs", "use crate::b; pub struct A(b::B);"),
            (
                "b.rs",
                "pub struct B; #[cfg(test)] mod tests { use crate::A; }",
            ),
        ],
        &[],
    );
}

/// The modules of one target, the root first.
struct Modules(Vec<Module>);

#[derive(Default)]
struct Module {
    /// From the root, without `crate`.
    name: Vec<String>,
    parent: Option<usize>,
    children: BTreeMap<String, usize>,
    /// The names of the items that it defines.
    items: BTreeSet<String>,
    /// What `use` gives a name to.
    imports: BTreeMap<String, Vec<String>>,
    globs: Vec<Vec<String>>,
    /// All paths in it.
    paths: BTreeSet<Vec<String>>,
}

impl Modules {
    fn of(root: &Path) -> Self {
        let mut modules = Self(vec![Module::default()]);
        let dir = root.parent().unwrap().to_owned();
        modules.read(0, &dir, parse(root));
        modules
    }

    /// Takes in the items of a module whose children have their files in `dir`.
    fn read(&mut self, at: usize, dir: &Path, items: Vec<Item>) {
        for item in items {
            let Item::Mod(module) = item else {
                self.0[at].visit_item(&item);
                continue;
            };
            if is_test(&module.attrs) {
                continue;
            }
            let name = module.ident.to_string();
            let inside = dir.join(&name);
            let items = match module.content {
                Some((_, items)) => items,
                None => {
                    let file = dir.join(format!("{name}.rs"));
                    let file = [file, inside.join("mod.rs")]
                        .into_iter()
                        .find(|file| file.exists());
                    parse(&file.unwrap_or_else(|| panic!("no file of {}", inside.display())))
                }
            };
            let child = self.0.len();
            self.0.push(Module {
                name: [&self.0[at].name[..], std::slice::from_ref(&name)].concat(),
                parent: Some(at),
                ..Module::default()
            });
            self.0[at].children.insert(name, child);
            self.read(child, &inside, items);
        }
    }

    /// The module that defines what `path` names in the module `at`, with the name of the item.
    fn definition(&self, at: usize, path: &[String], depth: usize) -> Option<(usize, String)> {
        let (first, rest) = path.split_first()?;
        match first.as_str() {
            // Imports can name each other; a real path is never this deep.
            _ if depth > 20 => None,
            "crate" => self.definition(0, rest, depth + 1),
            "self" => self.definition(at, rest, depth + 1),
            "super" => self.definition(self.0[at].parent?, rest, depth + 1),
            _ => {
                let module = &self.0[at];
                if let Some(&child) = module.children.get(first)
                    && let Some(found) = self.definition(child, rest, depth + 1)
                {
                    return Some(found);
                }
                if module.items.contains(first) {
                    return Some((at, first.clone()));
                }
                if let Some(import) = module.imports.get(first)
                    // `use regex;` and the like name another crate.
                    && import[..] != path[..1]
                {
                    let path = [import, rest].concat();
                    return self.definition(at, &path, depth + 1);
                }
                module.globs.iter().find_map(|glob| {
                    let path = [glob, path].concat();
                    self.definition(at, &path, depth + 1)
                })
            }
        }
    }

    /// Which modules each needs, with one name by which it does.
    fn edges(&self) -> Vec<BTreeMap<usize, String>> {
        let of = |at: usize| {
            let named = self.0[at].paths.iter();
            named
                .filter_map(|path| self.definition(at, path, 0))
                .filter(|(other, _)| *other != at)
                .collect()
        };
        (0..self.0.len()).map(of).collect()
    }

    /// The sets of modules that reach each other, each with its edges, a line an edge.
    fn cycles(&self) -> Vec<String> {
        let edges = self.edges();
        let reached = |from: usize| {
            let (mut seen, mut next) = (BTreeSet::new(), vec![from]);
            while let Some(at) = next.pop() {
                next.extend(edges[at].keys().filter(|other| seen.insert(**other)));
            }
            seen
        };
        let reached: Vec<BTreeSet<usize>> = (0..edges.len()).map(reached).collect();
        let cycle = |at: usize| -> BTreeSet<usize> {
            let mutual = reached[at]
                .iter()
                .filter(|other| reached[**other].contains(&at));
            mutual.copied().collect()
        };
        let cycles: BTreeSet<BTreeSet<usize>> = (0..edges.len()).map(cycle).collect();
        let cycles = cycles.iter().filter(|cycle| !cycle.is_empty());
        cycles.map(|cycle| self.describe(cycle, &edges)).collect()
    }

    fn describe(&self, cycle: &BTreeSet<usize>, edges: &[BTreeMap<usize, String>]) -> String {
        let name = |at: usize| match self.0[at].name.join("::") {
            root if root.is_empty() => "crate".to_owned(),
            name => name,
        };
        let mut text = String::new();
        for &from in cycle {
            for (to, item) in edges[from].iter().filter(|(to, _)| cycle.contains(to)) {
                text += &format!("  {} → {} ({item})\n", name(from), name(*to));
            }
        }
        text
    }
}

impl Module {
    fn import(&mut self, before: &[String], tree: &UseTree) {
        match tree {
            UseTree::Path(path) => {
                self.import(&[before, &[path.ident.to_string()]].concat(), &path.tree);
            }
            UseTree::Name(name) if name.ident == "self" => {
                self.import_as(before.last().unwrap().clone(), before.to_vec());
            }
            UseTree::Name(name) => {
                let name = name.ident.to_string();
                self.import_as(name.clone(), [before, &[name]].concat());
            }
            UseTree::Rename(rename) => {
                let path = [before, &[rename.ident.to_string()]].concat();
                self.import_as(rename.rename.to_string(), path);
            }
            UseTree::Glob(_) => self.globs.push(before.to_vec()),
            UseTree::Group(group) => group
                .items
                .iter()
                .for_each(|tree| self.import(before, tree)),
        }
    }

    fn import_as(&mut self, name: String, path: Vec<String>) {
        self.paths.insert(path.clone());
        self.imports.insert(name, path);
    }

    /// The paths among the tokens of a macro.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(name) => {
                    if colons != 2 {
                        self.paths.insert(std::mem::take(&mut path));
                    }
                    path.push(name.to_string());
                    colons = 0;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                TokenTree::Group(group) => {
                    self.tokens(group.stream());
                    colons = 0;
                }
                _ => colons = 0,
            }
        }
        self.paths.insert(path);
    }
}

impl<'a> Visit<'a> for Module {
    fn visit_item(&mut self, item: &'a Item) {
        let (attributes, name) = match item {
            Item::Const(item) => (&item.attrs, Some(&item.ident)),
            Item::Enum(item) => (&item.attrs, Some(&item.ident)),
            Item::Fn(item) => (&item.attrs, Some(&item.sig.ident)),
            Item::Impl(item) => (&item.attrs, None),
            Item::Macro(item) => (&item.attrs, item.ident.as_ref()),
            Item::Static(item) => (&item.attrs, Some(&item.ident)),
            Item::Struct(item) => (&item.attrs, Some(&item.ident)),
            Item::Trait(item) => (&item.attrs, Some(&item.ident)),
            Item::Type(item) => (&item.attrs, Some(&item.ident)),
            Item::Union(item) => (&item.attrs, Some(&item.ident)),
            Item::Use(item) => (&item.attrs, None),
            _ => return,
        };
        if is_test(attributes) {
            return;
        }
        self.items.extend(name.map(ToString::to_string));
        match item {
            Item::Use(item) if item.leading_colon.is_none() => self.import(&[], &item.tree),
            _ => visit::visit_item(self, item),
        }
    }

    fn visit_impl_item(&mut self, item: &'a ImplItem) {
        match item {
            ImplItem::Fn(item) if is_test(&item.attrs) => {}
            _ => visit::visit_impl_item(self, item),
        }
    }

    fn visit_path(&mut self, path: &'a syn::Path) {
        let names = path.segments.iter().map(|part| part.ident.to_string());
        self.paths.insert(names.collect());
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'a syn::Macro) {
        self.tokens(call.tokens.clone());
        visit::visit_macro(self, call);
    }
}

fn parse(file: &Path) -> Vec<Item> {
    let text = fs::read_to_string(file).unwrap();
    let parsed = syn::parse_file(&text);
    parsed
        .unwrap_or_else(|error| panic!("{}: {error}", file.display()))
        .items
}

/// Whether something is only there for tests.
pub(crate) fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let list = attribute.meta.require_list();
        list.is_ok_and(|list| list.path.is_ident("cfg") && list.tokens.to_string() == "test")
    })
}
