import FreePorts
import Glibc

/// nginx with nchan, on free ports and in a private folder.
extension Server {
    static var hasNchan: Bool { access("/usr/sbin/nginx", X_OK) == 0 && access(nchanModule, R_OK) == 0 }
    private static let nchanModule = "/usr/lib/nginx/modules/ngx_nchan_module.so"

    /// It has two workers, the number that it is known with. More are started only if their descriptors don't suffice.
    static func startNchan(clients: Int, _ options: Options) throws -> Server {
        guard hasNchan else {
            throw Fleet.Trouble(
                description: "nginx with nchan is not installed: apt-get install nginx libnginx-mod-nchan")
        }
        let folder = try PrivateFolder()
        let workers = options.core == nil ? max(2, (clients + clientsPerProcess - 1) / clientsPerProcess) : 1
        let one = try nginx(in: folder, workers: workers, options)
        let server = Server(.nchan, plan: one.plan, processes: [one.process], folder: folder, configuration: one.file)
        return try started(server, ports: one.ports)
    }

    /// - Parameters:
    ///   - name: of its folder and its configuration, if it shares the folder with another machine.
    ///   - node: how it finds the other machine, if there is one.
    static func nginx(
        in folder: PrivateFolder, name: String? = nil, workers: Int, _ options: Options, node: Node? = nil
    ) throws -> Machine {
        let port = UInt16(try Ports.free(2))
        // A location does not inherit it from its server.
        let engine = node == nil ? "" : "nchan_redis_pass engine;"
        let home = folder.path + (name.map { "/" + $0 } ?? "")
        let file = try folder.write(
            (name ?? "nginx") + ".conf",
            """
            load_module \(nchanModule);
            daemon off; user root; worker_processes \(workers); pid \(home)/pid; error_log \(folder.log) warn;
            events { worker_connections \(clientsPerProcess + 900); use epoll; multi_accept on; }
            http {
                access_log off; keepalive_timeout 3600s; keepalive_requests 1000000000; tcp_nodelay on; server_tokens \
                off;
                client_body_temp_path \(home)/body; proxy_temp_path \(home)/proxy;
                fastcgi_temp_path \(home)/fastcgi;
                uwsgi_temp_path \(home)/uwsgi; scgi_temp_path \(home)/scgi;
                nchan_shared_memory_size 2048M;
                \(node.map { "upstream engine { nchan_redis_server redis://127.0.0.1:\($0.redis); }" } ?? "")
                server {
                    listen 127.0.0.1:\(port) backlog=4096 reuseport\(options.isTLS ? " ssl" : "");
                    listen 127.0.0.1:\(port + 1) backlog=4096 reuseport;
                    \(options.isTLS ? try nginxTLS(folder) : "")
                    location = /_/health { return 200 "ok"; }
                    location ~ ^/sub/(\\w+)$ { nchan_subscriber longpoll eventsource websocket; nchan_channel_id $1; \
                    nchan_subscriber_timeout 0; \(engine) }
                    location ~ ^/pub/(\\w+)$ {
                        nchan_publisher http; nchan_channel_id $1; nchan_message_buffer_length 20; \
                        nchan_message_timeout 60s; \(engine)
                    }
                }
            }

            """)
        var plan = LoadPlan()
        plan.dialect = .nchan
        plan.publishers = 4
        plan.port = port
        plan.publishPort = port + 1
        plan.isTLS = options.isTLS
        let command = held(["/usr/sbin/nginx", "-p", home, "-c", file, "-e", folder.log], to: options.core)
        let process = try ChildProcess(ChildProcess.leashed(command), log: folder.log)
        return Machine(plan: plan, process: process, file: file, ports: [port, port + 1])
    }

    /// TLS 1.3 with one suite and tickets, like MegaComet's with the clients of a run.
    private static func nginxTLS(_ folder: PrivateFolder) throws -> String {
        let files = try RunCertificate(in: folder)
        return """
            ssl_certificate \(files.certificate); ssl_certificate_key \(files.key);
            ssl_protocols TLSv1.3; ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256; ssl_session_tickets on;
            """
    }
}
