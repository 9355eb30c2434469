//! Content streams of pages into positioned glyphs.
//!
//! Only what places text is interpreted (ISO 32000-2, 9.2 to 9.4): the transformation matrices, the text state, form
//! objects and marked content. Colours, paths and pictures are passed over, except that a picture is counted: a page
//! with pictures and no letters is a scan.

use std::collections::HashMap;
use std::sync::Arc;

use hayro_font::hayro_cmap::{BfString, load_embedded};
use hayro_font::kurbo::{Affine, Point, Vec2};
use hayro_font::{CMapResolverFn, Font, FontCache, FontGlyph, FontQuery, FontResolverFn, UNITS_PER_EM};
use hayro_syntax::content::TypedIter;
use hayro_syntax::content::ops::TypedInstruction;
use hayro_syntax::object::{Dict, Name, Number, Object, ObjectIdentifier, Stream};
use hayro_syntax::page::{Page, Resources};

use super::super::ExtractError;
use super::limits::Work;
use super::strings;
use crate::analysis::fold;

/// How deep form objects may contain each other.
const MAX_FORM_DEPTH: u32 = 12;
/// How many graphics states may be saved at a time.
const MAX_SAVED_STATES: usize = 512;
/// The most characters that a replacement text may have to be taken for the glyphs that it stands on. A longer one
/// covers whole lines and would lose their places.
const MAX_ACTUAL_TEXT: usize = 5;

/// A piece of text where it stands on its page, in points, with the origin at the upper left.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Glyph {
    /// The text: mostly one character, more for a ligature, none for a part of one.
    pub text: String,
    /// Where it begins.
    pub x0: f32,
    /// Where the next glyph is expected.
    pub x1: f32,
    /// The baseline.
    pub y: f32,
    /// The size of the font.
    pub size: f32,
    /// Whether the font is bold.
    pub bold: bool,
    /// Whether a space was written before it.
    pub space_before: bool,
    /// Whether the file says that it is a running head or a page number.
    pub artifact: bool,
}

/// What stands on a page.
#[derive(Debug, Default)]
pub(super) struct PageContent {
    /// The text in the order of the file, divided by the direction in which it runs: the commonest first.
    pub layers: Vec<Vec<Glyph>>,
    /// Glyphs of which nobody can say which character they show.
    pub unknown: usize,
    /// Whether a picture is drawn.
    pub has_image: bool,
}

/// The fonts of a document, each loaded once.
pub(super) struct Fonts<'a> {
    cache: FontCache<'a>,
    loaded: HashMap<ObjectIdentifier, Option<PageFont<'a>>>,
    fonts: FontResolverFn,
    cmaps: CMapResolverFn,
}

#[derive(Clone)]
struct PageFont<'a> {
    font: Font<'a>,
    bold: bool,
}

impl<'a> Fonts<'a> {
    pub fn new() -> Fonts<'a> {
        Fonts {
            cache: FontCache::new(),
            loaded: HashMap::new(),
            fonts: Arc::new(|query| match query {
                FontQuery::Standard(font) => Some(font.get_font_data()),
                FontQuery::Fallback(query) => Some(query.pick_standard_font().get_font_data()),
            }),
            cmaps: Arc::new(load_embedded),
        }
    }

    fn get(&mut self, dict: &Dict<'a>) -> Option<PageFont<'a>> {
        let id = dict.obj_id();
        if let Some(font) = id.and_then(|id| self.loaded.get(&id)) {
            return font.clone();
        }
        let font = self
            .cache
            .font(dict, &self.fonts, &self.cmaps)
            .map(|font| PageFont { font, bold: is_bold(dict) });
        if let Some(id) = id {
            self.loaded.insert(id, font.clone());
        }
        font
    }
}

/// Whether a font is bold, by its name or by what its descriptor says.
fn is_bold(dict: &Dict<'_>) -> bool {
    let descendant = dict
        .get::<hayro_syntax::object::Array<'_>>("DescendantFonts")
        .and_then(|fonts| fonts.iter::<Dict<'_>>().next());
    let descriptor = descendant.as_ref().unwrap_or(dict).get::<Dict<'_>>("FontDescriptor");
    let name = dict.get::<Name<'_>>("BaseFont").map(|name| name.as_str().to_owned()).unwrap_or_default();
    // ABCDEF+Name: the part before the plus marks a subset.
    let name = name.split_once('+').map_or(name.as_str(), |(_, name)| name);
    let lower = name.to_lowercase();
    let bold_tex = ["cmbx", "sfbx", "ecbx", "cmssbx", "sfsx", "ptmb", "phvb", "pplb"];
    ["bold", "black", "heavy", "demi", "-bd"].iter().any(|word| lower.contains(word))
        || bold_tex.iter().any(|start| lower.starts_with(start))
        || descriptor.is_some_and(|descriptor| {
            const FORCE_BOLD: i32 = 1 << 18;
            descriptor.get::<f32>("FontWeight").is_some_and(|weight| weight >= 600.0)
                || descriptor.get::<i32>("Flags").is_some_and(|flags| flags & FORCE_BOLD != 0)
        })
}

/// The text state and the matrix of ISO 32000-2, 8.4 and 9.3.
#[derive(Clone)]
struct State<'a> {
    matrix: Affine,
    font: Option<PageFont<'a>>,
    font_size: f64,
    char_space: f64,
    word_space: f64,
    scaling: f64,
    leading: f64,
    rise: f64,
}

/// A marked-content sequence that is open.
#[derive(Default)]
struct Marked {
    artifact: bool,
    /// A text that replaces what is shown within, until it is used.
    actual: Option<String>,
    replaced: bool,
}

struct Interpreter<'p, 'a> {
    fonts: &'p mut Fonts<'a>,
    work: &'p mut Work,
    state: State<'a>,
    saved: Vec<State<'a>>,
    text_matrix: Affine,
    line_matrix: Affine,
    marked: Vec<Marked>,
    /// By the quarter turns of their direction.
    glyphs: [Vec<Glyph>; 4],
    space: bool,
    unknown: usize,
    has_image: bool,
}

/// Reads what stands on a page.
///
/// # Errors
/// The limits of `work`.
pub(super) fn read_page<'a>(
    page: &Page<'a>,
    fonts: &mut Fonts<'a>,
    work: &mut Work,
) -> Result<PageContent, ExtractError> {
    let (width, height) = page.render_dimensions();
    let mut interpreter = Interpreter {
        fonts,
        work,
        state: State {
            matrix: Affine::new(page.initial_transform(true).as_coeffs()),
            font: None,
            font_size: 1.0,
            char_space: 0.0,
            word_space: 0.0,
            scaling: 1.0,
            leading: 0.0,
            rise: 0.0,
        },
        saved: Vec::new(),
        text_matrix: Affine::IDENTITY,
        line_matrix: Affine::IDENTITY,
        marked: Vec::new(),
        glyphs: Default::default(),
        space: false,
        unknown: 0,
        has_image: false,
    };
    let stream = page.page_stream().unwrap_or_default();
    interpreter.work.spend_bytes(stream.len())?;
    interpreter.run(TypedIter::new(stream), page.resources(), 0)?;
    let mut layers: Vec<Vec<Glyph>> = Vec::new();
    let glyphs = std::mem::take(&mut interpreter.glyphs);
    for (turns, layer) in glyphs.into_iter().enumerate() {
        if !layer.is_empty() {
            layers.push(turned(layer, turns, width, height));
        }
    }
    layers.sort_by_key(|layer| std::cmp::Reverse(layer.len()));
    Ok(PageContent { layers, unknown: interpreter.unknown, has_image: interpreter.has_image })
}

/// Moves text that was turned back onto a page with its origin at the upper left; what is off the page goes.
fn turned(mut glyphs: Vec<Glyph>, turns: usize, width: f32, height: f32) -> Vec<Glyph> {
    let (right, down) = [(0.0, 0.0), (0.0, width), (width, height), (height, 0.0)][turns % 4];
    let (width, height) = if turns % 2 == 1 { (height, width) } else { (width, height) };
    for glyph in &mut glyphs {
        glyph.x0 += right;
        glyph.x1 += right;
        glyph.y += down;
    }
    glyphs
        .retain(|glyph| (-1.0..=width + 1.0).contains(&glyph.x0) && (-1.0..=height + 1.0).contains(&glyph.y));
    glyphs
}

impl<'a> Interpreter<'_, 'a> {
    fn run(
        &mut self,
        mut instructions: TypedIter<'_>,
        resources: &Resources<'a>,
        depth: u32,
    ) -> Result<(), ExtractError> {
        let base = self.saved.len();
        while let Some(instruction) = instructions.next() {
            self.work.spend_operation()?;
            match instruction {
                TypedInstruction::SaveState(_) if self.saved.len() < MAX_SAVED_STATES => {
                    self.saved.push(self.state.clone());
                }
                TypedInstruction::RestoreState(_) if self.saved.len() > base => {
                    if let Some(state) = self.saved.pop() {
                        self.state = state;
                    }
                }
                TypedInstruction::Transform(m) => {
                    self.state.matrix *= affine([m.0, m.1, m.2, m.3, m.4, m.5]);
                }
                TypedInstruction::BeginText(_) => self.set_line(Affine::IDENTITY),
                TypedInstruction::SetTextMatrix(m) => {
                    self.set_line(affine([m.0, m.1, m.2, m.3, m.4, m.5]));
                }
                TypedInstruction::NextLine(d) => self.next_line(d.0.as_f64(), d.1.as_f64()),
                TypedInstruction::NextLineAndSetLeading(d) => {
                    self.state.leading = -d.1.as_f64();
                    self.next_line(d.0.as_f64(), d.1.as_f64());
                }
                TypedInstruction::NextLineUsingLeading(_) => self.next_line(0.0, -self.state.leading),
                TypedInstruction::TextFont(font) => {
                    self.state.font = resources.get_font(font.0).and_then(|dict| self.fonts.get(&dict));
                    self.state.font_size = font.1.as_f64();
                }
                TypedInstruction::CharacterSpacing(space) => self.state.char_space = space.0.as_f64(),
                TypedInstruction::WordSpacing(space) => self.state.word_space = space.0.as_f64(),
                TypedInstruction::HorizontalScaling(scale) => self.state.scaling = scale.0.as_f64() / 100.0,
                TypedInstruction::TextLeading(leading) => self.state.leading = leading.0.as_f64(),
                TypedInstruction::TextRise(rise) => self.state.rise = rise.0.as_f64(),
                TypedInstruction::ShowText(text) => self.show(text.0.as_bytes())?,
                TypedInstruction::NextLineAndShowText(text) => {
                    self.next_line(0.0, -self.state.leading);
                    self.show(text.0.as_bytes())?;
                }
                TypedInstruction::ShowTextWithParameters(text) => {
                    self.state.word_space = text.0.as_f64();
                    self.state.char_space = text.1.as_f64();
                    self.next_line(0.0, -self.state.leading);
                    self.show(text.2.as_bytes())?;
                }
                TypedInstruction::ShowTexts(parts) => {
                    for part in parts.0.iter::<Object<'_>>() {
                        match part {
                            Object::Number(shift) => self.shift(shift.as_f64()),
                            Object::String(text) => self.show(text.as_bytes())?,
                            _ => {}
                        }
                    }
                }
                TypedInstruction::BeginMarkedContent(tag) => {
                    self.begin_marked(tag.0.as_str(), None);
                }
                TypedInstruction::BeginMarkedContentWithProperties(tag) => {
                    let properties = match tag.1 {
                        Object::Dict(dict) => Some(dict.clone()),
                        Object::Name(name) => resources.properties.get::<Dict<'_>>(name.clone()),
                        _ => None,
                    };
                    self.begin_marked(tag.0.as_str(), properties);
                }
                TypedInstruction::EndMarkedContent(_) => {
                    self.marked.pop();
                }
                TypedInstruction::InlineImage(_) => self.has_image = true,
                TypedInstruction::XObject(name) => {
                    if let Some(object) = resources.get_x_object(name.0) {
                        self.draw(&object, resources, depth)?;
                    }
                }
                _ => {}
            }
        }
        // What was saved and never restored ends with its stream.
        if let Some(state) = self.saved.get(base) {
            self.state = state.clone();
        }
        self.saved.truncate(base);
        Ok(())
    }

    fn draw(
        &mut self,
        object: &Stream<'a>,
        resources: &Resources<'a>,
        depth: u32,
    ) -> Result<(), ExtractError> {
        let dict = object.dict();
        let kind = dict.get::<Name<'_>>("Subtype");
        match kind.as_ref().map(Name::as_str) {
            Some("Image") => self.has_image = true,
            Some("Form") if depth < MAX_FORM_DEPTH => {
                let Ok(data) = object.decoded_data() else {
                    return Ok(());
                };
                self.work.spend_form(data.len())?;
                let own = dict.get::<Dict<'_>>("Resources").map(Resources::new);
                let outer = self.state.clone();
                let (text_matrix, line_matrix) = (self.text_matrix, self.line_matrix);
                if let Some(matrix) = dict.get::<[f64; 6]>("Matrix") {
                    self.state.matrix *= Affine::new(matrix);
                }
                let open = self.marked.len();
                self.run(TypedIter::new(&data), own.as_ref().unwrap_or(resources), depth + 1)?;
                self.marked.truncate(open);
                self.state = outer;
                self.text_matrix = text_matrix;
                self.line_matrix = line_matrix;
            }
            _ => {}
        }
        Ok(())
    }

    fn begin_marked(&mut self, tag: &str, properties: Option<Dict<'_>>) {
        let mut marked =
            Marked { artifact: self.marked.last().is_some_and(|m| m.artifact), ..Marked::default() };
        if let Some(properties) = properties {
            let name = |key: &str| properties.get::<Name<'_>>(key).map(|name| name.as_str().to_owned());
            // Running heads and page numbers. Plain artifacts are rules and backgrounds, or someone's mistake.
            marked.artifact |= tag == "Artifact" && name("Type").as_deref() == Some("Pagination");
            marked.actual = properties
                .get::<hayro_syntax::object::String<'_>>("ActualText")
                .map(|text| strings::decode(text.as_bytes()))
                .filter(|text| text.chars().count() <= MAX_ACTUAL_TEXT);
        }
        // A stream that opens without end and never closes must not fill the memory.
        if self.marked.len() < MAX_SAVED_STATES {
            self.marked.push(marked);
        }
    }

    fn set_line(&mut self, matrix: Affine) {
        self.text_matrix = matrix;
        self.line_matrix = matrix;
    }

    fn next_line(&mut self, x: f64, y: f64) {
        self.set_line(self.line_matrix * Affine::translate((x, y)));
    }

    fn shift(&mut self, thousandths: f64) {
        let horizontal = self.state.font.as_ref().is_none_or(|font| font.font.is_horizontal());
        let by = -thousandths / 1000.0 * self.state.font_size;
        let by = if horizontal { Vec2::new(by * self.state.scaling, 0.0) } else { Vec2::new(0.0, by) };
        self.text_matrix *= Affine::translate(by);
    }

    fn show(&mut self, bytes: &[u8]) -> Result<(), ExtractError> {
        let Some(PageFont { font, bold }) = self.state.font.clone() else {
            return Ok(());
        };
        let mut at = 0;
        while at < bytes.len() {
            self.work.spend_operation()?;
            let (code, length) = font.read_code(bytes, at);
            at += length.max(1);
            let advance = font.code_advance(code);
            let per_em = f64::from(UNITS_PER_EM);
            let word_space = if code == 32 && length == 1 { self.state.word_space } else { 0.0 };
            let width = advance.x / per_em * self.state.font_size;
            let step = if font.is_horizontal() {
                Vec2::new((width + self.state.char_space + word_space) * self.state.scaling, 0.0)
            } else {
                Vec2::new(0.0, advance.y / per_em * self.state.font_size + self.state.char_space + word_space)
            };
            self.place(&font, code, bold, width * self.state.scaling);
            self.text_matrix *= Affine::translate(step);
        }
        Ok(())
    }

    /// Notes the glyph at the present place; `width` is in text space.
    fn place(&mut self, font: &Font<'a>, code: u32, bold: bool, width: f64) {
        let glyph = font.glyph(font.map_code(code), code);
        let unicode = match glyph {
            FontGlyph::Outline(glyph) => glyph.as_unicode(),
            FontGlyph::Type3(glyph) => glyph.as_unicode(),
        };
        let mut text = match unicode {
            Some(BfString::Char(c)) => readable(c).map(String::from),
            Some(BfString::String(text)) => Some(text.chars().filter_map(readable).collect()),
            None => None,
        };
        if let Some(text) = &mut text
            && text.contains(|c| matches!(c, 'ﬀ'..='ﬆ'))
        {
            *text = fold::clean(text);
        }
        let mut continues = false;
        if let Some(marked) = self.marked.last_mut()
            && let Some(actual) = &mut marked.actual
        {
            continues = marked.replaced;
            marked.replaced = true;
            text = Some(std::mem::take(actual));
        }
        let Some(text) = text else {
            self.unknown += 1;
            return;
        };
        if !text.is_empty() && text.chars().all(char::is_whitespace) {
            self.space = true;
            return;
        }
        if text.is_empty() && !continues {
            return;
        }
        let matrix = self.state.matrix * self.text_matrix;
        let rise = Vec2::new(0.0, self.state.rise);
        let origin = matrix * (Point::ORIGIN + rise);
        let end = matrix * (Point::new(width, 0.0) + rise);
        let top = matrix * (Point::new(0.0, self.state.font_size) + rise);
        // Where a glyph has no width, a baseline can still be told from a point beside it.
        let ahead = matrix * (Point::new(self.state.font_size * self.state.scaling, 0.0) + rise) - origin;
        let size = (top - origin).hypot();
        if !(size.is_finite() && origin.x.is_finite() && origin.y.is_finite() && size > 0.5) {
            return;
        }
        let (turns, upright) = quarter_turns(ahead);
        if !upright {
            // A watermark across the page.
            return;
        }
        let turn = |point: Point| match turns {
            0 => (point.x, point.y),
            1 => (point.y, -point.x),
            2 => (-point.x, -point.y),
            _ => (-point.y, point.x),
        };
        let ((x0, y), (x1, _)) = (turn(origin), turn(end));
        let glyph = Glyph {
            text,
            x0: x0 as f32,
            x1: x1.max(x0) as f32,
            y: y as f32,
            size: size as f32,
            bold,
            space_before: std::mem::take(&mut self.space),
            artifact: self.marked.last().is_some_and(|marked| marked.artifact),
        };
        if let Some(layer) = self.glyphs.get_mut(turns) {
            layer.push(glyph);
        }
    }
}

fn affine(numbers: [Number; 6]) -> Affine {
    Affine::new(numbers.map(|number| number.as_f64()))
}

/// By how many quarter turns a direction differs from left to right, and whether it is one of the four.
fn quarter_turns(direction: Vec2) -> (usize, bool) {
    let (x, y) = (direction.x, direction.y);
    // The tangent of about ten degrees.
    const SLANT: f64 = 0.18;
    if y.abs() <= x.abs() * SLANT {
        (if x >= 0.0 { 0 } else { 2 }, true)
    } else if x.abs() <= y.abs() * SLANT {
        (if y >= 0.0 { 1 } else { 3 }, true)
    } else {
        (0, false)
    }
}

/// A character fit to read: private codes of bullets become bullets; the rest of the private area and
/// control characters say nothing.
fn readable(c: char) -> Option<char> {
    match c {
        '\t' | '\n' | '\r' | '\u{A0}' => Some(' '),
        // The Symbol and Wingdings fonts keep their signs here.
        '\u{F0B7}' | '\u{F0A7}' | '\u{F06C}' | '\u{F06E}' | '\u{F076}' | '\u{F0D8}' | '\u{F0FC}'
        | '\u{F0A8}' | '\u{F071}' => Some('•'),
        '\u{F02D}' => Some('–'),
        '\u{F020}' => Some(' '),
        '\u{E000}'..='\u{F8FF}' | '\u{FFFD}' => None,
        c if c.is_control() => None,
        c => Some(c),
    }
}
