package import Base

/// A table `[[app.keys]]` of the file: a key of apps, or the file that has it.
package struct AppKeySetting: Equatable, Sendable {
    package var name = ""
    /// The key itself. Empty if `keyFile` is given.
    package var key = ""
    package var keyFile = ""
    package var may = AppRights.all

    package init(name: String = "", key: String = "", keyFile: String = "", may: AppRights = .all) {
        self.name = name
        self.key = key
        self.keyFile = keyFile
        self.may = may
    }

    static let fields = ["name", "key", "key_file", "may"]

    var table: [String: SettingValue] {
        var table: [String: SettingValue] = ["name": .text(name), "may": .list(may.names)]
        if !key.isEmpty { table["key"] = .text(key) }
        if !keyFile.isEmpty { table["key_file"] = .text(keyFile) }
        return table
    }

    /// Reads all tables, and finds everything that is wrong with them. The tables are counted from 1.
    static func read(_ tables: [[String: SettingValue]]) -> (keys: [AppKeySetting], mistakes: [SettingMistake]) {
        var mistakes: [SettingMistake] = []
        if tables.count > AppKey.most {
            mistakes.append(SettingMistake("\(tables.count) keys, and there may be \(AppKey.most)"))
        }
        let keys = tables.enumerated().map { at, table in
            var one = AppKeySetting()
            one.read(table, at: "[\(at + 1)]", &mistakes)
            return one
        }
        return (keys, mistakes)
    }
    private mutating func read(_ table: [String: SettingValue], at place: String, _ mistakes: inout [SettingMistake]) {
        func say(_ field: String, _ message: String) {
            mistakes.append(SettingMistake(message, at: field.isEmpty ? place : place + "." + field))
        }
        for field in table.keys.sorted() where !AppKeySetting.fields.contains(field) {
            let near = nearest(field, of: AppKeySetting.fields)
            say(field, "unknown key" + (near.map { ", did you mean \($0)?" } ?? ""))
        }
        /// The text of a field. It is not repeated: it may be a key.
        func text(_ field: String) -> String? {
            guard let value = table[field] else { return nil }
            if case .text(let text) = value { return text }
            say(field, "is not a text")
            return nil
        }
        if table["name"] == nil { say("name", "is missing") }
        if let name = text("name") {
            if !AppKey.isName(name) { say("name", "is not 1 to 64 letters, digits, _ . -") }
            self.name = name
        }
        switch (table["key"], table["key_file"]) {
        case (nil, nil): say("", "has no key: give key or key_file")
        case (_?, _?): say("key_file", "stands beside key: give one of both")
        default: break
        }
        if let key = text("key") {
            if key == Settings.mask {
                say("key", "is the mask of a key that is not shown: write the key")
            } else if let fault = AppKey.fault(ofSecret: Array(key.utf8)) {
                say("key", fault)
            }
            self.key = key
        }
        if let path = text("key_file") {
            if path.utf8.first != UInt8(ascii: "/") || path.utf8.contains(0) {
                say("key_file", "is not an absolute path")
            }
            keyFile = path
        }
        readRights(table["may"], say)
    }
    private mutating func readRights(_ value: SettingValue?, _ say: (String, String) -> Void) {
        guard let value else { return }
        guard case .list(let names) = value else { return say("may", "is not a list of texts") }
        if names.isEmpty { say("may", "is empty: leave it out to allow all") }
        may = []
        for name in names {
            guard let right = AppRights(name: name) else {
                let near = nearest(name, of: AppRights.allNames)
                say(
                    "may",
                    "\(SettingValue.text(name).toml) is not a right"
                        + (near.map { ", did you mean \($0)?" } ?? ": \(AppRights.allNames.joined(separator: ", "))"))
                continue
            }
            may.insert(right)
        }
    }
}
