import Base
import Watch

/// A picture of the screen as a file.
package enum Shot {
    package enum Format: String, CaseIterable, Sendable {
        case text, json, html, svg
        package static let names = allCases.map(\.rawValue).joined(separator: ", ")
        /// The ending of such a file's name.
        package var ending: String { self == .text ? "txt" : rawValue }
        init?(path: String) {
            guard let format = Format.allCases.first(where: { path.hasSuffix("." + $0.ending) }) else { return nil }
            self = format
        }
    }

    package static func document(_ grid: Grid, _ format: Format, _ context: Context) -> String {
        switch format {
        case .text: grid.text
        case .json: json(grid, context)
        case .html: grid.html(name: name(context))
        case .svg: grid.svg(name: name(context))
        }
    }
    /// The object of `megatop -b -o json` for this screen, with the picture's lines.
    private static func json(_ grid: Grid, _ context: Context) -> String {
        let values = BatchText.sample(context, .json, isFirst: true)
        return values.prefix { $0 != "\n" }.dropLast()
            + ",\"screen\":\(jsonText("\(context.session.screen)")),\"width\":\(grid.size.width)"
            + ",\"height\":\(grid.size.height),\"lines\":["
            + grid.lines.map(jsonText).joined(separator: ",") + "]}\n"
    }
    private static func name(_ context: Context) -> String {
        "megatop, \(plainText(context.model.server.host)), \(context.session.screen), "
            + UTC.text(context.model.wall, milliseconds: false)
    }
    /// `megatop-2026-11-23-140231`.
    static func stem(_ wall: UInt64) -> String { "megatop-\(UTC.date(wall))-\(UTC.clock(wall).filter { $0 != ":" })" }
}
