/// The columns of each screen's table, in their order, with the width from which on each is shown.
package enum Columns {
    package static func of(_ screen: Screen) -> [Column] {
        switch screen {
        case .overview: overview
        case .queues: queues
        case .delivery: delivery
        case .procs: procs
        case .events, .host, .nodes: []
        }
    }
    /// The column with this name in commands, or with this heading.
    package static func named(_ name: String, _ screen: Screen) -> Column? {
        let name = name.lowercased()
        return of(screen).first { $0.history == nil && ($0.id == name || $0.title.lowercased() == name) }
    }

    package static func defaultSort(_ screen: Screen) -> Sort { Sort("id", descending: false) }
    package static func sort(_ session: Session, _ screen: Screen) -> Sort {
        session.sorts[screen] ?? defaultSort(screen)
    }
    package static func sort(_ session: Session) -> Sort { sort(session, session.screen) }
}
