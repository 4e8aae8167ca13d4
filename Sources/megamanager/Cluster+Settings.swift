import Base
import Comet
import Configuration
import Engine
import Logging
import Stats
import Wire

extension EngineSettings {
    /// `nil` if the appliance is one machine.
    init?(_ settings: Settings) {
        guard let redis = settings.redis else { return nil }
        self.init(
            redis: redis, sentinels: settings.cluster.sentinels.compactMap { Endpoint(parsing: $0) },
            sentinelMaster: settings.cluster.sentinelMaster, prefix: settings.cluster.prefix,
            name: settings.cluster.name, replicas: settings.cluster.replicas)
    }
}

extension Logger.Level {
    init(_ severity: Severity) {
        self =
            switch severity {
            case .info: .info
            case .warning: .warning
            case .error: .error
            case .critical: .critical
            }
    }
}
