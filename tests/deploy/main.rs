//! What is shipped for deployment, held against what it would meet: configurations are run where the programs are
//! here, manifests are read with the types of the API that they are for.

#[path = "../support/mod.rs"]
mod support;

mod crds;
mod kubernetes;
mod links;
mod manifests;
mod monitors;
mod redis;
mod spinkube;
