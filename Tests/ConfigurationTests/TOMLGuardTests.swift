import Configuration
import ConfigurationFile
import TestSupport
import Testing

/// No file ends the program that reads it. Otherwise a slip of the pen and a reload would end the supervisor.
@Suite struct TOMLGuardTests {
    private func error(_ text: String) -> String? {
        guard case .errors(let errors) = ConfigurationFile.parse(text, file: "m.toml") else { return nil }
        return errors.first?.description
    }

    @Test(arguments: [
        "[$workers]", "[[[", "[.workers]", "[ =", "[\n", "[[ \n]]", "\u{FEFF}[@]", "[workers]\ncount = 2\n[%]",
        "[ [a]]", "[é]",
    ])
    func headerThatBeginsWithNoName_isAMistake(_ text: String) throws {
        let line = text.contains("count") ? 3 : 1
        #expect(try #require(error(text)).hasPrefix("m.toml:\(line): not TOML: "), "\(error(text) ?? "")")
    }
    @Test(arguments: ["a = [}]", "a = [1,\n}]", "a = }", "a = [{}}]", "a = [\"}\", }]"])
    func braceThatClosesNothing_isAMistake(_ text: String) throws {
        #expect(try #require(error(text)).contains("not TOML: a } closes what was not opened"))
    }
    @Test func whatIsWell_isLeftAlone() {
        let text = """
            run_directory = "/tmp/[x}" # [$ and }
            [ "workers" ]\t# a quoted name
            origins = [
              "https://a.example", # ]
              'http://b.example',
            ]
            [app]
            key = \"""\\
            [$not a header}\\
            it goes on""\"""
            [ queue ]
            ttl = 5.0
            """
        #expect(error(text) == nil)
    }
    /// The files differ from a good one in a few bytes. A file that the parser does not survive ends the test run.
    @Test func noFile_endsTheProgram() {
        var random = SeededRandom(11)
        let good = Array(Settings().fileText().utf8.filter { $0 != UInt8(ascii: "#") })
        let bytes = Array("[]{}=.\"'#\n \t\\,$@0123abc_-+e:TZ\r\u{1}é".utf8) + [0xFF]
        var mistakes = 0
        for _ in 0..<(Int(environment("MEGACOMET_FUZZ_FILES") ?? "") ?? 20_000) {
            var text = Array(good[random.below(good.count)...].prefix(random.below(200)))
            for _ in 0...random.below(4) {
                let at = random.below(text.count + 1)
                switch random.below(3) {
                case 0: text.insert(bytes[random.below(bytes.count)], at: at)
                case 1: if at < text.count { text.remove(at: at) }
                default: if at < text.count { text[at] = bytes[random.below(bytes.count)] }
                }
            }
            if error(String(decoding: text, as: UTF8.self)) != nil { mistakes += 1 }
        }
        #expect(mistakes > 1000)
    }
}
