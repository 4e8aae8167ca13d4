<?php
// php publish.php CLIENT JSON        e.g.  php publish.php c42 '{"hello":"world"}'
$headers = ["Content-Type: application/json"];
if (getenv("MEGACOMET_KEY")) $headers[] = "Authorization: Bearer " . getenv("MEGACOMET_KEY");
$body = json_encode(["client" => $argv[1], "message" => json_decode($argv[2], flags: JSON_THROW_ON_ERROR)]);
$context = stream_context_create(["http" => ["method" => "POST", "header" => $headers, "content" => $body, "ignore_errors" => true]]);
$answer = file_get_contents((getenv("MEGACOMET") ?: "http://127.0.0.1:9001") . "/publish", false, $context);
echo $answer, "\n";
exit(isset(json_decode($answer, true)["id"]) ? 0 : 1);
