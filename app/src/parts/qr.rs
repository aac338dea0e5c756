//! A QR code as a drawing in the page: dark squares on a light ground in both themes, as cameras want it.

use leptos::prelude::*;
use qrcode::{Color, EcLevel, QrCode};

/// Light squares around the code; the standard asks for four.
const MARGIN: usize = 4;

/// Nothing, if the text is too long for a code.
pub fn qr(text: &str, said: &'static str) -> Option<AnyView> {
    // A screen is clean: the fewer squares, the larger each.
    let code = QrCode::with_error_correction_level(text, EcLevel::L).ok()?;
    let side = code.width() + 2 * MARGIN;
    let path = squares(&code.to_colors(), code.width());
    let view_box = format!("0 0 {side} {side}");
    let drawing = view! {
        <svg class="qr" viewBox=view_box width="232" height="232" role="img" aria-label=said shape-rendering="crispEdges">
            <rect width="100%" height="100%" fill="#fff" />
            <path d=path fill="#000" />
        </svg>
    };
    Some(drawing.into_any())
}

/// One square after another as a path.
fn squares(colors: &[Color], width: usize) -> String {
    let dark = colors.iter().enumerate().filter(|(_, color)| **color == Color::Dark);
    dark.map(|(i, _)| format!("M{} {}h1v1h-1z", i % width + MARGIN, i / width + MARGIN)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_dark_square_is_drawn_in_its_place() {
        let colors = [Color::Dark, Color::Light, Color::Light, Color::Dark];
        assert_eq!(squares(&colors, 2), "M4 4h1v1h-1zM5 5h1v1h-1z");
    }
}
