<?php
// php publish.php CLIENT JSON [SECONDS]        e.g.  php publish.php c42 '{"hello":"world"}' 5
// With SECONDS (1 to 60) the answer comes when it is known what became of the message, or when they are over.
$meaning = [
    "acknowledged" => "the client has it, and has said so",
    "delivered" => "it went out to a client that never says what it has",
    "handed" => "it went out to a client that never says what it has",
    "expired" => "it never came",
    "dropped" => "it never came",
];
$headers = ["Content-Type: application/json"];
if (getenv("MEGACOMET_KEY")) $headers[] = "Authorization: Bearer " . getenv("MEGACOMET_KEY");
$url = (getenv("MEGACOMET") ?: "http://127.0.0.1:9001") . "/publish" . (isset($argv[3]) ? "?wait=" . $argv[3] : "");
$body = json_encode(["client" => $argv[1], "message" => json_decode($argv[2], flags: JSON_THROW_ON_ERROR)]);
$options = ["method" => "POST", "header" => $headers, "content" => $body, "ignore_errors" => true, "timeout" => 70];
$answer = file_get_contents($url, false, stream_context_create(["http" => $options]));
echo $answer, "\n";
$result = json_decode($answer, true);
if (!isset($result["id"])) exit(1);
if (isset($argv[3])) echo $meaning[$result["status"]] ?? "not known yet, it may still come", "\n"; // HTTP status 202
