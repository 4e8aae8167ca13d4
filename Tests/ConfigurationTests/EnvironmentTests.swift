import Configuration
import ConfigurationFile
import Testing

/// Settings by variables of the environment.
@Suite struct EnvironmentTests {
    private func parse(_ text: String, _ environment: [String: String]) -> ConfigurationFile.Outcome {
        ConfigurationFile.parse(text, file: "m.toml", environment: environment.map { ($0.key, $0.value) })
    }
    private func errors(_ text: String, _ environment: [String: String]) -> [String] {
        guard case .errors(let errors) = parse(text, environment) else { return [] }
        return errors.map(\.description)
    }

    @Test func everySetting_hasAVariableOfItsOwn() {
        let names = Setting.all.compactMap(EnvironmentSettings.variable)
        #expect(names.count == Setting.all.count - 1)  // app.keys has tables
        #expect(Set(names).count == names.count)
        #expect(names.contains("MEGACOMET_WORKERS_POLL_TIMEOUT") && names.contains("MEGACOMET_RUN_DIRECTORY"))
        #expect(names.filter { !EnvironmentSettings.isOurs($0) } == [])
    }
    @Test func everyDefault_canBeGivenByItsVariable() {
        for setting in Setting.all {
            guard let variable = EnvironmentSettings.variable(setting) else { continue }
            #expect(parse("", [variable: setting.defaultValue.argument]) == .settings(Settings()), "\(variable)")
        }
    }
    @Test func aVariable_countsForMoreThanTheFile_andLessThanAFlag() {
        let environment = [
            "MEGACOMET_WORKERS_COUNT": "3", "MEGACOMET_WORKERS_ORIGINS": "https://a.example,https://b.example",
            "MEGACOMET_MANAGER_SEED_PROTOCOL": "auto", "MEGACOMET_QUEUE_TTL": "90", "MEGACOMET_WORKERS_JSONP": "false",
            "MEGACOMET_APP_KEY": "a,b = [c]",
        ]
        let text = "[workers]\ncount = 2\nmax_request = 1024\nbase_port = 8100\n"
        let outcome = ConfigurationFile.parse(
            text, file: "m.toml", environment: environment.map { ($0.key, $0.value) }
        ) { $0.workers.basePort = 8200 }
        var wanted = Settings()
        wanted.workers.count = 3
        wanted.workers.maxRequest = 1024
        wanted.workers.basePort = 8200
        wanted.workers.origins = ["https://a.example", "https://b.example"]
        wanted.workers.jsonp = false
        wanted.queue.ttl = 90
        wanted.app.key = "a,b = [c]"
        #expect(outcome == .settings(wanted))
    }
    @Test func aMistake_namesTheVariable() {
        #expect(
            errors("[workers]\ncount = 500", ["MEGACOMET_WORKERS_COUNT": "many", "MEGACOMET_WORKERS_CUONT": "4"]) == [
                "m.toml:2: workers.count: 500 is out of range: 1 to 128 processes",
                "environment: MEGACOMET_WORKERS_COUNT: \"many\" is not a whole number",
                "environment: MEGACOMET_WORKERS_CUONT: gives no setting, did you mean MEGACOMET_WORKERS_COUNT?",
            ])
        #expect(errors("", ["MEGACOMET_APP_KEYS": "[]"]).count == 1)
        // Settings that clash: one that a variable gave is named by it.
        let clash = errors("[workers]\ncount = 2", ["MEGACOMET_WORKERS_BASE_PORT": "65535"])
        #expect(clash.count == 1 && clash[0].hasPrefix("environment: MEGACOMET_WORKERS_BASE_PORT: "), "\(clash)")
    }
    @Test func aKey_isNotRepeated() {
        #expect(errors("", ["MEGACOMET_APP_KEY": "secret\u{1}"]).filter { $0.contains("secret") } == [])
        #expect(errors("", ["MEGACOMET_APP_KEY": "secret\u{1}"]).count == 1)
    }
    @Test func variablesOfOthers_areLeftAlone() {
        let others = [
            "MEGACOMET_SERVICE_HOST": "10.0.0.1", "MEGACOMET_PORT": "tcp://10.0.0.1:9001", "MEGACOMET_PROGRAMS": "/x",
            "MEGACOMET_LIFELINE": "7",
        ]
        #expect(parse("", others) == .settings(Settings()))
        #expect(others.keys.filter(EnvironmentSettings.isOurs) == [])
    }
}
