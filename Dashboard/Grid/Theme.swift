/// A colour of text.
package enum Colour: Equatable, Sendable {
    /// A colour of the terminal's own palette. The first 16 are as its user has chosen them.
    case palette(UInt8)
    case rgb(UInt8, UInt8, UInt8)

    package init(hex: UInt32) {
        self = .rgb(UInt8(hex >> 16 & 255), UInt8(hex >> 8 & 255), UInt8(hex & 255))
    }
}

/// The look of a role.
package struct Look: Equatable, Sendable {
    /// `nil`: the terminal's own colour of text.
    package var colour: Colour?
    /// The colour where there are only the first 8 or 16. `nil`: the terminal's own.
    package var few: UInt8?
    package var isBold = false
    /// It is dim where there are few colours, or none.
    package var isDim = false

    package init(_ colour: Colour? = nil, few: UInt8? = nil, isBold: Bool = false, isDim: Bool = false) {
        self.colour = colour
        self.few = few
        self.isBold = isBold
        self.isDim = isDim
    }
    fileprivate init(_ hex: UInt32, _ few: UInt8, isBold: Bool = false) {
        self.init(Colour(hex: hex), few: few, isBold: isBold)
    }
}

/// The one table from roles to colours. It has a row for each role, with its look on a dark and on a light background.
///
/// A test holds that each can be read on its background, and that a person with red-green blindness can tell the
/// colour-blind themes' levels apart.
package struct Theme: Equatable, Sendable {
    /// The themes that an operator can choose.
    package enum Name: String, CaseIterable, Sendable {
        /// Dark or light, as the terminal's background is.
        case auto
        case dark, light
        /// Bold and dim, and no colours.
        case mono
        /// For eyes that see no difference between red and green. It has a dark and a light form.
        case colourBlind = "colour-blind"
        /// Dark or light, with the colours of the settings' file.
        case own
    }
    private var looks: [Look]

    package subscript(role: Role) -> Look { looks[Int(role.rawValue)] }

    /// `own` are the colours of the settings' file.
    package init(_ name: Name, isLight: Bool, own: [Role: Look] = [:]) {
        looks = Role.allCases.map { role in
            switch name {
            case .auto: Theme.standard(role, isLight)
            case .dark: Theme.standard(role, false)
            case .light: Theme.standard(role, true)
            case .mono: Theme.mono(role)
            case .colourBlind: Theme.colourBlind(role, isLight)
            case .own: own[role] ?? Theme.standard(role, isLight)
            }
        }
    }

    private static func mono(_ role: Role) -> Look {
        switch role {
        case .title, .critical: Look(isBold: true)
        case .dim: Look(isDim: true)
        default: Look()
        }
    }
    private static func standard(_ role: Role, _ isLight: Bool) -> Look {
        func pick(_ dark: Look, _ light: Look) -> Look { isLight ? light : dark }
        switch role {
        case .normal: return Look()
        case .title: return Look(isBold: true)
        case .dim: return Look(Colour(hex: isLight ? 0x6C6C6C : 0x8A8A8A), isDim: true)
        // On a light background the yellow of 16 colours can't be read.
        case .warning: return pick(Look(0xFFD75F, 3), Look(0x875F00, 5))
        case .critical: return pick(Look(0xFF5F5F, 1, isBold: true), Look(0xAF0000, 1, isBold: true))
        case .fine: return pick(Look(0x87D787, 2), Look(0x005F00, 2))
        case .info: return pick(Look(0x5FAFFF, 6), Look(0x005FAF, 4))
        case .mark: return pick(Look(0xD787FF, 5), Look(0x87005F, 5))
        case .bound: return pick(Look(0xFF8700, 3), Look(0x875F00, 5))
        case .first: return pick(Look(0x5FD7D7, 6), Look(0x005F87, 4))
        case .second: return pick(Look(0x87AFFF, 2), Look(0x5F5F00, 2))
        case .third: return pick(Look(0xD7AF87, 5), Look(0x5F00AF, 5))
        case .shade1: return pick(Look(0x5F87AF, 4), Look(0x5F87AF, 4))
        case .shade2: return pick(Look(0x5FAFAF, 6), Look(0x5F5FAF, 6))
        case .shade3: return pick(Look(0xD7D75F, 3), Look(0x875FAF, 5))
        case .shade4: return pick(Look(0xFF875F, 1), Look(0xAF005F, 1))
        }
    }
    /// After Okabe and Ito, and the shades after cividis.
    private static func colourBlind(_ role: Role, _ isLight: Bool) -> Look {
        func pick(_ dark: Look, _ light: Look) -> Look { isLight ? light : dark }
        switch role {
        case .normal, .title, .dim: return standard(role, isLight)
        case .warning: return pick(Look(0xFFFF5F, 3), Look(0x8A6100, 5))
        case .critical: return pick(Look(0xFF5F00, 1, isBold: true), Look(0x6A0000, 1, isBold: true))
        case .fine: return pick(Look(0x56B4E9, 6), Look(0x005A9C, 4))
        case .info: return pick(Look(0xCC79A7, 5), Look(0x6A3D9A, 5))
        case .mark: return pick(Look(0xCC79A7, 5), Look(0x882255, 5))
        case .bound: return pick(Look(0xE69F00, 3), Look(0x8A6100, 5))
        case .first: return pick(Look(0x56B4E9, 6), Look(0x005A9C, 4))
        case .second: return pick(Look(0xE69F00, 3), Look(0x8A6100, 5))
        case .third: return pick(Look(0x009E73, 2), Look(0x006A50, 2))
        case .shade1: return pick(Look(0x7C7B78, 4), Look(0x8C8768, 4))
        case .shade2: return pick(Look(0xA69D75, 6), Look(0x7C7B78, 6))
        case .shade3: return pick(Look(0xD3C164, 3), Look(0x4A546C, 5))
        case .shade4: return pick(Look(0xFEE838, 3), Look(0x00204C, 1))
        }
    }
}
