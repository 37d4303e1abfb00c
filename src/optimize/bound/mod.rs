//! Lower bounds on the peak, one a file, each returning a witness that can be re-checked by hand.
