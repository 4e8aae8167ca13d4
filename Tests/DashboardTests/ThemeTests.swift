import Dashboard
import Glibc
import Testing

struct ThemeTests {
    private static let shades: Set<Role> = [.shade1, .shade2, .shade3, .shade4]

    /// The contrast that WCAG 2 asks of text is 4.5. A shade is also a character, so 3 suffices there. On a terminal
    /// with 256 colours the nearest ones must do it, too.
    @Test(arguments: [Theme.Name.dark, .light, .colourBlind], [false, true])
    func everyColour_canBeRead(_ name: Theme.Name, isLight: Bool) {
        guard name != .dark || !isLight, name != .light || isLight else { return }
        let background: Colour = isLight ? .rgb(255, 255, 255) : .rgb(0x1E, 0x1E, 0x1E)
        let theme = Theme(name, isLight: isLight)
        for role in Role.allCases {
            guard let colour = theme[role].colour else { continue }
            for shown in [colour, .palette(Palette.of256(colour))] {
                let contrast = Eye.contrast(shown, background)
                #expect(contrast >= (Self.shades.contains(role) ? 3 : 4.5), "\(role) of \(name): \(contrast)")
            }
        }
    }
    /// A difference of 25 (CIE 1976) is plain to see. The standard themes do not have it: hence the other one.
    @Test(arguments: [false, true]) func withoutRedAndGreen_theLevelsDiffer(isLight: Bool) throws {
        func least(_ name: Theme.Name) throws -> Double {
            let theme = Theme(name, isLight: isLight)
            let levels = try [Role.fine, .warning, .critical].map { try #require(theme[$0].colour) }
            return [(0, 1), (0, 2), (1, 2)].map { Eye.difference(levels[$0], levels[$1]) }.min() ?? 0
        }
        #expect(try least(.colourBlind) >= 25)
        #expect(try least(.auto) < 25)
    }
    @Test func auto_followsTheBackground_andOwnHasTheFilesColours() {
        for isLight in [false, true] {
            #expect(Theme(.auto, isLight: isLight) == Theme(isLight ? .light : .dark, isLight: !isLight))
        }
        let own = Theme(.own, isLight: false, own: [.warning: Look(.palette(208))])
        #expect(own[.warning].colour == .palette(208) && own[.critical] == Theme(.dark, isLight: false)[.critical])
        for role in Role.allCases {
            #expect(Theme(.mono, isLight: false)[role].colour == nil && Theme(.mono, isLight: false)[role].few == nil)
        }
    }
    @Test func colours_areReadFromText() {
        #expect(Palette.look("#ff8700") == Look(.rgb(255, 135, 0), few: 3))
        #expect(Palette.look("bold red") == Look(.palette(1), few: 1, isBold: true))
        #expect(Palette.look("bright-blue") == Look(.palette(12), few: 12))
        #expect(Palette.look("208") == Look(.palette(208), few: 3))
        #expect(Palette.look("default") == Look() && Palette.look("bold") == Look(isBold: true))
        for text in ["", "#ff87", "#gg0000", "256", "-1", "pink", "bold bold", "red bold", "bright-", "bright-256"] {
            #expect(Palette.look(text) == nil, "\"\(text)\"")
        }
    }
    @Test func paletteOf256_isItsOwnNearest() {
        for number in 16...255 as ClosedRange<UInt8> {
            let (red, green, blue) = Palette.components(.palette(number))
            let same = Palette.of256(.rgb(UInt8(red), UInt8(green), UInt8(blue)))
            #expect(Palette.components(.palette(same)) == (red, green, blue))
        }
        #expect(Palette.of256(.rgb(255, 215, 95)) == 221 && Palette.of256(.rgb(138, 138, 138)) == 245)
    }
    @Test(arguments: [
        ("11;rgb:ffff/ffff/ffff", true), ("11;rgb:1e1e/1e1e/2e2e", false), ("11;rgb:f/f/f", true),
        ("11;rgba:0000/0000/0000/ffff", false), ("11;rgb:fd/f6/e3", true), ("11;rgb:80/00/00", false),
    ]) func answersOfTerminals(_ answer: String, _ isLight: Bool) {
        #expect(TerminalBackground.isLight(answer: answer) == isLight)
    }
    @Test(arguments: [
        "", "11", "11;?", "10;rgb:f/f/f", "11;rgb:f/f", "11;rgb:/f/f", "11;rgb:fffff/f/f", "11;cmyk:f/f/f",
    ])
    func otherAnswers_sayNothing(_ answer: String) { #expect(TerminalBackground.isLight(answer: answer) == nil) }
    @Test func colorFGBG() {
        for (text, isLight) in [("0;15", true), ("15;0", false), ("12;default;7", true), ("0;8", false)] {
            #expect(TerminalBackground.isLight(colorFGBG: text) == isLight, "\(text)")
        }
        for text in ["", "0;default", "0;16", "0;-1"] { #expect(TerminalBackground.isLight(colorFGBG: text) == nil) }
    }
}

/// How colours are seen.
private enum Eye {
    private static func linear(_ colour: Colour) -> [Double] {
        let (red, green, blue) = Palette.components(colour)
        return [red, green, blue].map { part in
            let share = Double(part) / 255
            return share <= 0.03928 ? share / 12.92 : pow((share + 0.055) / 1.055, 2.4)
        }
    }
    private static func brightness(_ linear: [Double]) -> Double {
        0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    }
    static func contrast(_ one: Colour, _ other: Colour) -> Double {
        let (a, b) = (brightness(linear(one)) + 0.05, brightness(linear(other)) + 0.05)
        return max(a, b) / min(a, b)
    }
    /// The difference that is left without the receptors of green (Machado, Oliveira and Fernandes, 2009).
    static func difference(_ one: Colour, _ other: Colour) -> Double {
        let (a, b) = (lab(seen(one)), lab(seen(other)))
        return zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
    }
    private static func seen(_ colour: Colour) -> [Double] {
        let part = linear(colour)
        return [
            [0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881],
        ].map { row in min(1, max(0, row[0] * part[0] + row[1] * part[1] + row[2] * part[2])) }
    }
    private static func lab(_ linear: [Double]) -> [Double] {
        let x = 0.4124 * linear[0] + 0.3576 * linear[1] + 0.1805 * linear[2]
        let z = 0.0193 * linear[0] + 0.1192 * linear[1] + 0.9505 * linear[2]
        let (fx, fy, fz) = (root(x / 0.95047), root(brightness(linear)), root(z / 1.08883))
        return [116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)]
    }
    private static func root(_ value: Double) -> Double { value > 0.008856 ? cbrt(value) : 7.787 * value + 16 / 116 }
}
