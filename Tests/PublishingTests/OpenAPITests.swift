import Comet
import Foundation
import Stats
import TestSupport
import Testing

@testable import Publishing

/// docs/openapi-*.json have the paths, the codes and the names of the tables. Tests/BrowserTests/openapi_test.py asks
/// the real programs by them.
@Suite struct OpenAPIDocumentationTests {
    private static let root = #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" }

    private struct Document: Decodable {
        struct Schema: Decodable {
            let `enum`: [String]?
            let allOf: [Schema]?
            let properties: [String: Schema]?

            enum CodingKeys: CodingKey { case `enum`, allOf, properties }
            init(from decoder: any Decoder) throws {
                let members = try decoder.container(keyedBy: CodingKeys.self)
                self.enum = try? members.decodeIfPresent([String].self, forKey: .enum)
                allOf = try members.decodeIfPresent([Schema].self, forKey: .allOf)
                properties = try members.decodeIfPresent([String: Schema].self, forKey: .properties)
            }
        }
        struct Anything: Decodable { init(from decoder: any Decoder) {} }
        struct Components: Decodable { let schemas: [String: Schema] }
        let paths: [String: [String: Anything]]
        let components: Components

        static func named(_ name: String) throws -> Document {
            let text = contents(ofFile: "\(root)/docs/openapi-\(name).json")
            return try JSONDecoder().decode(Document.self, from: Data(text.utf8))
        }
        /// `400 bad_client`, from the schemas Error400 and so on.
        var codes: Set<String> {
            var codes: Set<String> = []
            for (name, schema) in components.schemas where name.hasPrefix("Error") {
                for part in schema.allOf ?? [] {
                    for code in part.properties?["error"]?.properties?["code"]?.enum ?? [] {
                        codes.insert("\(name.dropFirst(5)) \(code)")
                    }
                }
            }
            return codes
        }
    }

    /// The codes of the table that follows a heading of docs/protocol.txt: `400 bad_client`.
    private func manualCodes(behind heading: String) throws -> Set<String> {
        let manual = contents(ofFile: "\(Self.root)/docs/protocol.txt")
        let section = try #require(manual.range(of: "\n\(heading)\n")).upperBound
        let table = try #require(manual[section...].firstRange(of: /\n    status  code +when\n/)).upperBound
        let rows = manual[table...].prefix(upTo: manual[table...].range(of: "\n\n")?.lowerBound ?? manual.endIndex)
        return Set(rows.matches(of: /(?m)^    (\d{3})     ([a-z_]+)/).map { "\($0.1) \($0.2)" })
    }
    /// The codes that stand behind a status in the sources of a folder.
    private func sourceCodes(_ folder: String) throws -> Set<String> {
        let files = try FileManager.default.contentsOfDirectory(atPath: "\(Self.root)/\(folder)")
        var codes: Set<String> = []
        for file in files where file.hasSuffix(".swift") {
            let text = contents(ofFile: "\(Self.root)/\(folder)/\(file)")
            for match in text.matches(of: /\b([45]\d\d),\s*(?:code: )?\(?"([a-z]+(?:_[a-z]+)*)"/) {
                codes.insert("\(match.1) \(match.2)")
            }
            for match in text.matches(of: /\bbad\("([a-z_]+)"/) { codes.insert("400 \(match.1)") }
        }
        return codes
    }

    @Test func appDocument_hasTheRoutes() throws {
        let paths = try Document.named("app").paths
        let documented = paths.flatMap { path, methods in methods.keys.map { "\($0) \(path)" } }
        let names = ["ID": "{client}", "NAME": "{channel}"]
        let routes = Route.all.map { "\($0.method) \($0.path)\(names["\($0.rest)"] ?? "\($0.rest)")" }
        #expect(documented.sorted() == routes.sorted())
    }
    @Test func appDocument_hasTheCodes() throws {
        let codes = try Document.named("app").codes
        #expect(codes == (try manualCodes(behind: "4  Apps: JSON on the manager")))
        let sources = try sourceCodes("Sources/Publishing")
        #expect(sources.count > 30)
        #expect(sources.subtracting(codes) == [])
    }
    @Test func workerDocument_hasTheCodes() throws {
        let codes = try Document.named("worker").codes
        #expect(codes == (try manualCodes(behind: "3  Clients: HTTP on the workers")))
        let sources = try sourceCodes("Sources/Comet/Worker").union(try sourceCodes("Sources/Wire"))
        #expect(sources.count > 15)
        #expect(sources.subtracting(codes) == [])
    }
    @Test func workerDocument_hasThePaths() throws {
        let manual = contents(ofFile: "\(Self.root)/docs/protocol.txt")
        let section = try #require(manual.range(of: "\n3  Clients: HTTP on the workers\n")).upperBound
        let rows = manual[section...].prefix(upTo: manual[section...].range(of: "\n    cursor=N ")!.lowerBound)
        var paths: Set<String> = ["/_/megacomet.mjs", "/_/megacomet.d.ts"]  // in the row of megacomet.js
        for match in rows.matches(of: /(?m)^    (?:GET|POST) (\/[^\s?,]+)/) { paths.insert("\(match.1)") }
        #expect(Set(try Document.named("worker").paths.keys) == paths)
    }
    @Test func names_areThoseOfTheTables() throws {
        let app = try Document.named("app").components.schemas
        #expect(app["Kind"]?.enum == EventKind.allCases.map { "\($0.name)" })
        let `operator` = try Document.named("operator").components.schemas
        #expect(`operator`["State"]?.enum == ProcessState.allCases.map(\.rawValue))
    }
}
