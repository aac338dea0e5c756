//! Sparse matrices in compressed rows: what tf-idf makes and the truncated SVD reads.
#![allow(missing_docs)]
#[derive(Debug, Clone)]
pub struct Csr { pub indptr: Vec<usize>, pub indices: Vec<u32>, pub values: Vec<f32>, pub n_cols: usize }
impl Csr {
    pub fn n_rows(&self) -> usize { self.indptr.len() - 1 }
    pub fn n_cols(&self) -> usize { self.n_cols }
    pub fn row(&self, i: usize) -> (&[u32], &[f32]) { let r = self.indptr[i]..self.indptr[i+1]; (&self.indices[r.clone()], &self.values[r]) }
    pub fn select(&self, rows: &[usize]) -> Csr {
        let mut o = Csr { indptr: vec![0], indices: vec![], values: vec![], n_cols: self.n_cols };
        for r in rows { let (c, v) = self.row(*r); o.indices.extend(c); o.values.extend(v); o.indptr.push(o.indices.len()); }
        o
    }
}
