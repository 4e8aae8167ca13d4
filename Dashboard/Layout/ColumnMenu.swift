/// The choice of a screen's columns, while its menu is open: which are shown, in which order. ID is always the first.
package struct ColumnMenu: Equatable, Sendable {
    package struct Row: Equatable, Sendable {
        package let id: String
        package var isShown: Bool
    }
    let screen: Screen
    package private(set) var rows: [Row]
    package private(set) var at = 0

    package init(_ screen: Screen, _ session: Session) {
        self.screen = screen
        let all = Columns.of(screen).map(\.id)
        let shown = session.columns[screen] ?? all
        rows =
            shown.map { Row(id: $0, isShown: true) }
            + all.filter { !shown.contains($0) }.map { Row(id: $0, isShown: false) }
    }
    /// `nil` if everything is as it is by default.
    var chosen: [String]? {
        let shown = rows.filter(\.isShown).map(\.id)
        return shown == Columns.of(screen).map(\.id) ? nil : shown
    }
    mutating func choose(_ by: Int) { at = max(0, min(rows.count - 1, at + by)) }
    /// False for ID.
    mutating func toggle() -> Bool {
        guard at > 0 else { return false }
        rows[at].isShown.toggle()
        return true
    }
    /// Moves the chosen column to an earlier or later place.
    mutating func move(_ by: Int) {
        guard at > 0, rows.indices.contains(at + by), at + by > 0 else { return }
        rows.swapAt(at, at + by)
        at += by
    }
}

extension Columns {
    /// The columns of a screen's table in the operator's order, or all.
    package static func chosen(_ session: Session, _ screen: Screen) -> [Column] {
        guard let chosen = session.columns[screen] else { return of(screen) }
        return chosen.compactMap { id in of(screen).first { $0.id == id } }
    }
}
