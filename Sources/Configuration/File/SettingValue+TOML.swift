import Configuration
import TOMLKit

extension SettingValue {
    /// The value as a plain type. `nil` for a type that no setting has (dates, tables, mixed lists).
    init?(_ value: any TOMLValueConvertible) {
        let found: SettingValue? =
            switch value.type {
            case .bool: value.bool.map { .bool($0) }
            case .int: value.int.map { .integer($0) }
            case .double: value.double.map { .number($0) }
            case .string: value.string.map { .text($0) }
            case .array: value.array.flatMap(SettingValue.list)
            default: nil
            }
        guard let found else { return nil }
        self = found
    }
    private static func list(_ array: TOMLArray) -> SettingValue? {
        if let first = array.first, first.type == .table { return tables(array) }
        var texts: [String] = []
        for element in array {
            guard let text = element.string else { return nil }
            texts.append(text)
        }
        return .list(texts)
    }
    private static func tables(_ array: TOMLArray) -> SettingValue? {
        var tables: [[String: SettingValue]] = []
        for element in array {
            guard let table = element.table else { return nil }
            var values: [String: SettingValue] = [:]
            for key in table.keys {
                guard let value = table[key] else { continue }
                // No table has a field of another type. The empty list of tables stands for a value that is none.
                values[key] = SettingValue(value) ?? .tables([])
            }
            tables.append(values)
        }
        return .tables(tables)
    }
}
