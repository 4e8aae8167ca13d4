import TestSupport
import Testing

/// The completions of a shell, from the scripts that are installed.
struct CompletionTests {
    @Test(arguments: ["megacomet", "megatop", "megabench"]) func everyShell_hasAScript(_ program: String) throws {
        let folder = try Folder()
        for (shell, mark) in [("bash", "complete "), ("zsh", "#compdef \(program)"), ("fish", "complete -c ")] {
            let script = try Program.run(program, ["--generate-completion-script", shell], in: folder)
            #expect(
                script.end == .exited(0) && script.output.contains(mark) && script.output.contains(program), "\(shell)")
        }
    }

    @Test func bash_completesCommandsAndNames() throws {
        let appliance = try Appliance(workers: 3, starts: false)
        func complete(_ words: String...) throws -> Set<String> {
            let program = "\(Program.folder)/\(words[0])"
            let quoted = words.dropFirst().map { "'\($0)'" }.joined(separator: " ")
            let script = """
                source <("\(program)" --generate-completion-script bash)
                COMP_WORDS=("\(program)" \(quoted)) COMP_CWORD=\(words.count - 1)
                COMP_LINE="${COMP_WORDS[*]}" COMP_POINT=${#COMP_LINE}
                _\(words[0]) "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
                printf '%s\\n' "${COMPREPLY[@]}"
                """
            let text = try run(tool: ["/bin/bash", "-c", script], in: appliance.folder)
            return Set(
                text.split(separator: "\n").map {
                    String($0).trimmingPrefix(" ").split(separator: " ").joined(separator: " ")
                })
        }
        #expect(try complete("megacomet", "re").isSuperset(of: ["restart", "reload"]))
        let file = appliance.configuration
        #expect(try complete("megacomet", "stop", "-c", file, "") == ["manager", "worker-0", "worker-1", "worker-2"])
        #expect(try complete("megacomet", "log", "-c", file, "wor") == ["worker-0", "worker-1", "worker-2"])
        #expect(try complete("megacomet", "restart", "--w") == ["--wait"])
        #expect(try complete("megacomet", "add") == ["addresses"])
        #expect(try complete("megacomet", "to").isSuperset(of: ["token", "top"]))
        #expect(try complete("megacomet", "keys", "").isSuperset(of: ["new", "public"]))
        #expect(try complete("megacomet", "keys", "new", "--algorithm", "Ed") == ["EdDSA"])
        #expect(try complete("megacomet", "addresses", "--js") == ["--json"])
        #expect(try complete("megabench", "run", "st").isSuperset(of: ["steady", "storm"]))
        #expect(try complete("megatop", "--screen", "ov") == ["overview"])
    }
}
