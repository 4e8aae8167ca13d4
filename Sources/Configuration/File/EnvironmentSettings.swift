package import Configuration

/// Settings that variables of the environment give, as containers and units have them: MEGACOMET_WORKERS_COUNT=4 counts
/// for more than `count` in the file's [workers], and for less than a flag.
package enum EnvironmentSettings {
    /// The name of a setting's variable. `nil` for tables, which only the file has.
    package static func variable(_ setting: Setting) -> String? {
        if case .keys = setting.field { return nil }
        return prefix + setting.key.uppercased().replacing(".", with: "_")
    }
    /// The settings that these variables give, in the order of the table.
    package static func given(by environment: [(name: String, value: String)]) -> [(setting: Setting, text: String)] {
        let texts = Dictionary(environment.map { ($0.name, $0.value) }) { first, _ in first }
        return Setting.all.compactMap { setting in
            variable(setting).flatMap { texts[$0] }.map { (setting, $0) }
        }
    }
    /// The variable gives a setting, or would if there were such a setting. Its value may be a key.
    package static func isOurs(_ name: String) -> Bool {
        name == prefix + "RUN_DIRECTORY" || sections.contains { name.hasPrefix($0) }
    }

    /// Sets what the variables give. Returns every mistake. A value that is wrong changes nothing.
    static func take(
        _ environment: [(name: String, value: String)], in settings: inout Settings
    ) -> [ConfigurationError] {
        var errors: [ConfigurationError] = []
        for (setting, text) in given(by: environment) {
            do { try setting.set(setting.parse(argument: text), in: &settings) } catch {
                errors.append(mistake(variable(setting), error.description))
            }
        }
        let names = Setting.all.compactMap(variable)
        for name in environment.map(\.name).sorted() where isOurs(name) && !names.contains(name) {
            let near = nearest(name, of: names)
            errors.append(mistake(name, "gives no setting" + (near.map { ", did you mean \($0)?" } ?? "")))
        }
        return errors
    }
    static func mistake(_ variable: String?, _ message: String) -> ConfigurationError {
        ConfigurationError(file: "environment", key: variable, message: message)
    }

    private static let prefix = "MEGACOMET_"
    /// MEGACOMET_WORKERS_ and so on. Others are not ours: Kubernetes makes some for a service with the name megacomet.
    private static let sections = Set(Setting.all.map(\.section)).filter { !$0.isEmpty }
        .map { prefix + $0.uppercased() + "_" }
}
