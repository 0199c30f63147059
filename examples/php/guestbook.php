<?php
/*
 * guestbook.php - one PHP page: it is read, written to, and called by the gateway
 *
 * A form posts to it as to any guestbook; every open page shows the new line at once.
 * `wave` is an event: the page says it by its socket, PHP answers.
 *
 *     [backend /guestbook]
 *     url = http://www.example.org/guestbook.php
 *     [api php]
 *     token = ...
 *     rights = emit query
 *
 * SPDX-License-Identifier: ISC
 */
require getenv('SIOGATE_PHP') ?: '/usr/local/share/siogate/php/siogate.php';

if (Siogate::isCall()) {
    $gate = new Siogate(getenv('SIOGATE_SECRET'));
    $gate->onConnect(function (SiogateSocket $me) {
        $me->join('readers');
    }, '/guestbook');
    $gate->on('wave', function (SiogateSocket $me, $name) {
        $me->emit('waved', [(string)$name], Siogate::room('readers') . ' -me');
        return 'you waved';
    }, '/guestbook');
    $gate->serve();
    exit;
}

$api = new SiogateApi(getenv('SIOGATE_API_URL'),
    ['token' => getenv('SIOGATE_API_TOKEN'), 'nsp' => '/guestbook']);
if ($_SERVER['REQUEST_METHOD'] === 'POST') {
    $line = trim(substr(($_POST['name'] ?? '') . ': ' . ($_POST['text'] ?? ''), 0, 500));
    file_put_contents(getenv('GUESTBOOK_FILE'), str_replace("\n", ' ', $line) . "\n",
        FILE_APPEND | LOCK_EX);
    $api->emit('line', [$line]);
    header('Location: ' . $_SERVER['REQUEST_URI'], true, 303);
    exit;
}
$lines = @file(getenv('GUESTBOOK_FILE'), FILE_IGNORE_NEW_LINES) ?: [];
?>
<!DOCTYPE html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <title>Guestbook</title>
  <script src="/socket.io/socket.io.js"></script>
</head>
<body>
  <h1>Guestbook <small id="state">connecting</small></h1>
  <p><?= $api->count() ?> readers were here when you came.</p>
  <ul id="lines">
<?php foreach (array_slice($lines, -50) as $line) { ?>
    <li><?= htmlspecialchars($line) ?></li>
<?php } ?>
  </ul>
  <form method="post"><input name="name" placeholder="Name"> <input name="text" placeholder="Text"> <button>Write</button></form>
  <button id="wave">Wave</button>
  <script>
    const socket = io("/guestbook"), id = (name) => document.getElementById(name);
    function line(text) {
      const li = document.createElement("li");
      li.textContent = text;
      id("lines").append(li);
    }
    socket.on("connect", () => { id("state").textContent = "connected"; });
    socket.on("line", line);
    socket.on("waved", (name) => line(`${name} waves`));
    id("wave").onclick = () => socket.emit("wave", "somebody", line);
  </script>
</body>
</html>
