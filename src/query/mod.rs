//! What a user asks: a string into a syntax tree ([`syntax`]), the tree into an engine-neutral plan
//! of analysed terms ([`plan`]).

pub mod plan;
pub mod syntax;

pub use plan::{Filters, Plan, Weights};
