//! Numbers of a `.safetensors` file.

use super::EncoderError;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use std::path::Path;

/// What the file's bytes hold; cut off or broken, it says so before anything is read.
pub fn parse<'b>(path: &Path, bytes: &'b [u8]) -> Result<SafeTensors<'b>, EncoderError> {
    SafeTensors::deserialize(bytes)
        .map_err(|e| EncoderError::content(path, format!("no whole safetensors file: {e}")))
}

/// Floating-point numbers of any width, all finite. `Err` continues a sentence that begins with the tensor's name.
pub fn numbers(tensor: &TensorView) -> Result<Vec<f32>, String> {
    let bytes = tensor.data();
    let numbers: Vec<f32> = match tensor.dtype() {
        Dtype::F32 => read(bytes, f32::from_le_bytes),
        Dtype::F64 => read(bytes, |b| f64::from_le_bytes(b) as f32),
        Dtype::BF16 => read(bytes, |b| f32::from_bits(u32::from(u16::from_le_bytes(b)) << 16)),
        Dtype::F16 => read(bytes, |b| half(u16::from_le_bytes(b))),
        other => return Err(format!("holds {other:?}: only F32, F64, F16 and BF16")),
    };
    match numbers.iter().all(|x| x.is_finite()) {
        true => Ok(numbers),
        false => Err("holds something that is not a finite number".into()),
    }
}

pub fn read<const N: usize, T>(bytes: &[u8], number: impl Fn([u8; N]) -> T) -> Vec<T> {
    let (numbers, _) = bytes.as_chunks::<N>();
    numbers.iter().map(|bytes| number(*bytes)).collect()
}

/// IEEE 754 binary16.
fn half(bits: u16) -> f32 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f32::from(bits & 1023));
    sign * match exponent {
        0 => fraction * 2_f32.powi(-24),
        31 if fraction == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        _ => (1024.0 + fraction) * 2_f32.powi(exponent - 25),
    }
}

#[cfg(test)]
mod tests {
    use super::half;

    #[test]
    fn halves() {
        for (bits, number) in [
            (0x3C00, 1.0),
            (0xC000, -2.0),
            (0x3555, 0.333_251_95),
            (0x0001, 5.960_464_5e-8),
            (0x7BFF, 65_504.0),
        ] {
            assert_eq!(half(bits), number);
        }
        assert_eq!(half(0x8000).to_bits(), (-0.0_f32).to_bits());
        assert!(half(0x7C00).is_infinite() && half(0x7E00).is_nan());
    }
}
