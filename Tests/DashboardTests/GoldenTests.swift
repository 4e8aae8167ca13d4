import Dashboard
import Glibc
import Supervision
import Testing
import Watch

/// Each screen is compared as text with Golden/. With MEGATOP_GOLDEN=write in the environment the files are written
/// anew. Look at the difference then.
struct GoldenTests {
    static let sizes = [Size(20, 4), Size(40, 12), Size(80, 24), Size(140, 36), Size(200, 60)]

    @Test(arguments: sizes, [false, true])
    func screens_areAsTheyWere(_ size: Size, isUTF8: Bool) throws {
        let capabilities = Capabilities(isUTF8: isUTF8, hasColour: false)
        for screen in Screen.allCases where size.width > 20 || screen == .overview {
            var session = Session()
            session.screen = screen
            session.cursor = screen == .events || screen == .host ? nil : .process(.worker(5))
            try compare("\(screen)", Views.draw(Samples.shown, session, size, capabilities), size, isUTF8: isUTF8)
        }
        try compare("lost", Views.draw(Samples.shownLost, Session(), size, capabilities), size, isUTF8: isUTF8)
    }

    /// A smaller screen has no history line.
    @Test(arguments: sizes.filter { $0.width >= 60 }, [false, true])
    func linesOf24Hours_areAsTheyWere(_ size: Size, isUTF8: Bool) throws {
        for screen in [Screen.overview, .queues, .delivery] where screen != .delivery || size.height >= 30 {
            var session = Session()
            session.screen = screen
            session.span = .day
            try compare(
                "\(screen)-day", Views.draw(Samples.afterTheNight, session, size, Capabilities(isUTF8: isUTF8)), size,
                isUTF8: isUTF8)
        }
    }

    @Test func whatLiesOverAScreen_isAsItWas() throws {
        let size = Size(80, 24)
        let overlays: [(String, Overlay)] = [
            ("detail", .detail(.worker(5), .history)), ("output", .detail(.worker(5), .output(back: 0))),
            ("crash", .detail(.worker(5), .crash(number: 0, scroll: 0))),
            ("confirm", .confirm(Confirmation(.restart, target: .worker(2), pid: 2112, boot: 0x9AC4_1F20_0000_0002))),
            ("clients", .clients(chosen: "bob")),
            ("help", .help(page: 0)), ("columns", .columns(ColumnMenu(.overview, Session()))),
            ("explain", .explain(column: 4)), ("sort", .sortMenu(choice: 2)),
        ]
        for (name, overlay) in overlays {
            var session = Session()
            session.overlay = overlay
            session.adminUntil = Samples.shown.now + 200 * Samples.second
            try compare(name, Views.draw(Samples.shown, session, size, Capabilities()), size, isUTF8: false)
        }
    }
    @Test(arguments: [Size(40, 12), Size(80, 24), Size(140, 36)]) func addresses_areAsTheyWere(_ size: Size) throws {
        var session = Session()
        session.overlay = .addresses(from: 0)
        try compare("addresses", Views.draw(Samples.shown, session, size, Capabilities()), size, isUTF8: false)
        try compare("addresses-lost", Views.draw(Samples.shownLost, session, size, Capabilities()), size, isUTF8: false)
    }
    @Test(arguments: [Size(80, 24), Size(140, 36)]) func rollingRestart_isAsItWas(_ size: Size) throws {
        var session = Session()
        session.screen = .procs
        try compare("rolling", Views.draw(Samples.rolling, session, size, Capabilities()), size, isUTF8: false)
    }

    private func compare(_ name: String, _ grid: Grid, _ size: Size, isUTF8: Bool) throws {
        try Golden.compare("\(name)-\(size.width)x\(size.height)\(isUTF8 ? "-utf8" : "")", grid.text)
    }
}

enum Golden {
    static let folder = String(#filePath.prefix(upTo: #filePath.lastIndex(of: "/") ?? #filePath.endIndex)) + "/Golden/"

    static func compare(_ name: String, _ text: String) throws {
        let path = folder + name + ".txt"
        if getenv("MEGATOP_GOLDEN") != nil {
            let file = try #require(fopen(path, "w"))
            fputs(text, file)
            fclose(file)
            return
        }
        let wanted = try #require(contents(path), "no golden file \(name)")
        #expect(text == wanted, "\(name) is drawn otherwise than before")
    }
    static func contents(_ path: String) -> String? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        while case let byte = fgetc(file), byte != EOF { bytes.append(UInt8(byte)) }
        return String(decoding: bytes, as: UTF8.self)
    }
}
