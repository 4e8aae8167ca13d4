extension Views {
    static func drawHelp(_ page: Int, _ context: Context, on grid: inout Grid) { grid.put("help", row: 0, column: 0) }
    static func drawDetail(_ id: ProcessID, _ pane: Overlay.Pane, _ context: Context, on grid: inout Grid) { }
    static func drawExplanation(_ column: Int, _ context: Context, on grid: inout Grid) { }
    static func drawSortMenu(_ choice: Int, _ context: Context, on grid: inout Grid) { }
    static func drawConfirmation(_ confirmation: Confirmation, _ context: Context, on grid: inout Grid) { }
}
