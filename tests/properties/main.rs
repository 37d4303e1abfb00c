mod cut;
mod packing;
