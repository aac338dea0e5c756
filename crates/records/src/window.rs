//! The bytes of a file that are at hand: as many as the row that is being read needs.

use std::io::{self, Read};

const PIECE: usize = 256 << 10;

pub struct Window<R> {
    from: R,
    held: Vec<u8>,
    at: usize,
    end: usize,
    passed: u64,
    is_over: bool,
}

impl<R: Read> Window<R> {
    pub fn new(from: R) -> Window<R> {
        Window { from, held: vec![0; PIECE], at: 0, end: 0, passed: 0, is_over: false }
    }

    pub fn bytes(&self) -> &[u8] {
        &self.held[self.at..self.end]
    }

    pub fn from(&self) -> &R {
        &self.from
    }

    /// Bytes that were passed over so far.
    pub fn passed(&self) -> u64 {
        self.passed
    }

    /// Is nothing left but what is at hand?
    pub fn is_over(&self) -> bool {
        self.is_over
    }

    /// Reads on behind the bytes at hand. False at the end of the file.
    pub fn more(&mut self) -> io::Result<bool> {
        if self.is_over {
            return Ok(false);
        }
        if self.end == self.held.len() {
            if self.at >= self.held.len() / 2 {
                self.held.copy_within(self.at..self.end, 0);
                self.end -= self.at;
                self.at = 0;
            } else {
                self.held.resize(2 * self.held.len(), 0);
            }
        }
        loop {
            match self.from.read(&mut self.held[self.end..]) {
                Ok(n) => {
                    self.end += n;
                    self.is_over = n == 0;
                    return Ok(n > 0);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Reads on until so many bytes are at hand, or all there are.
    pub fn fill(&mut self, n: usize) -> io::Result<()> {
        while self.bytes().len() < n && self.more()? {}
        Ok(())
    }

    pub fn pass(&mut self, n: usize) {
        self.at += n;
        self.passed += n as u64;
    }
}
