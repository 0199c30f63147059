<?php
/*
 * siogate.php - Socket.IO for PHP pages: one file, nothing to install
 *
 * Receives what clients say (signed POSTs of the gateway), answers with what shall
 * happen, and speaks to sockets from any page.  doc/backend.md is the protocol.
 *
 *     require 'siogate.php';
 *     $gate = new Siogate('secret of the [backend] section');
 *     $gate->on('say', function (SiogateSocket $me, $room, $text) {
 *         $me->emit('said', [$me->user, $text], "room:$room");
 *         return true;                            // the client's ack
 *     }, '/chat');
 *     $gate->serve();
 *
 *     $api = new SiogateApi('http://127.0.0.1/siogate-api/', ['token' => '31d0...']);
 *     $api->emit('notice', ['back in five minutes'], '*', '/chat');
 *
 * PHP 7.0 to 8.x; neither curl nor allow_url_fopen is needed.
 *
 * Must stay true:
 *   - nothing of a request is believed before its signature was checked
 *   - a handler that failed leaves no effects of its own behind
 *   - JSON that only passes through stays what it was: an empty object is no list
 *
 * SPDX-License-Identifier: ISC
 */

class SiogateError extends Exception
{
    /* What the API called the error; the exception's code is its HTTP status. */
    public $error = '';
}

/* Thrown while a client connects: it hears message and data. */
class SiogateRefuse extends Exception
{
    public $data;

    public function __construct($message = 'refused', $data = null)
    {
        parent::__construct($message);
        $this->data = $data;
    }
}

/* Bytes that travel as a binary value; a plain string is text. */
class SiogateBinary
{
    public $bytes;

    public function __construct($bytes)
    {
        $this->bytes = $bytes;
    }

    public function __toString()
    {
        return $this->bytes;
    }
}

/* JSON with bytes beside it. */
class SiogateJson
{
    public static function encode($value)
    {
        $text = json_encode($value, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE |
            JSON_PRESERVE_ZERO_FRACTION);
        if ($text === false) {
            throw new SiogateError('this cannot be sent: ' . json_last_error_msg());
        }
        return $text;
    }

    /* Objects become arrays; those that would come back as a list stay objects. */
    public static function decode($text)
    {
        $value = json_decode($text);
        if ($value === null && json_last_error() !== JSON_ERROR_NONE) {
            throw new SiogateError('no JSON: ' . json_last_error_msg());
        }
        return self::arrays($value);
    }

    private static function arrays($value)
    {
        if (is_array($value)) {
            return array_map([__CLASS__, 'arrays'], $value);
        }
        return is_object($value) ? self::object($value) : $value;
    }

    private static function object($value)
    {
        $array = [];
        foreach (get_object_vars($value) as $name => $one) {
            $array[$name] = self::arrays($one);
        }
        $is_list = array_keys($array) === range(0, count($array) - 1) || count($array) === 0;
        return $is_list ? (object)$array : $array;
    }

    /* A copy in which bytes are placeholders; their base64 goes to $attachments. */
    public static function extract($value, array &$attachments)
    {
        if ($value instanceof SiogateBinary) {
            $attachments[] = base64_encode($value->bytes);
            return ['_placeholder' => true, 'num' => count($attachments) - 1];
        }
        if (is_array($value)) {
            foreach ($value as $name => $one) {
                $value[$name] = self::extract($one, $attachments);
            }
        }
        return $value;
    }

    /* A copy in which placeholders are bytes. */
    public static function restore($value, array $attachments)
    {
        if (!is_array($value)) {
            return $value;
        }
        if (isset($value['_placeholder']) && $value['_placeholder'] === true) {
            $number = isset($value['num']) ? $value['num'] : null;
            $bytes = is_int($number) && isset($attachments[$number])
                ? base64_decode($attachments[$number], true) : false;
            if ($bytes === false) {
                throw new SiogateError('a placeholder without its attachment');
            }
            return new SiogateBinary($bytes);
        }
        foreach ($value as $name => $one) {
            $value[$name] = self::restore($one, $attachments);
        }
        return $value;
    }
}

/* The words of selectors: "*", "me", Siogate::room("a b") ... with blanks between. */
trait SiogateWords
{
    public static function quote($name)
    {
        return preg_replace_callback('/[\x00-\x20%\x7f-\xff]/', function ($found) {
            return rawurlencode($found[0]);
        }, (string)$name);
    }

    public static function room($name)
    {
        return 'room:' . self::quote($name);
    }

    public static function user($name)
    {
        return 'user:' . self::quote($name);
    }

    public static function id($id)
    {
        return 'id:' . self::quote($id);
    }
}

/* The socket that speaks, as its handlers get it; verbs become effects. */
class SiogateSocket
{
    public $id;
    public $nsp;
    public $user;
    public $data;               // change it with setData()
    public $session;            // shared by all namespaces; setSession()
    public $rooms = [];
    public $values = [];        // stored values that came along
    public $sameSite;           // false: the page was of another site
    public $handshake = [];
    public $event;              // the row of the call
    public $call;               // the whole call
    public $effects = [];

    public function emit($event, array $args = [], $to = null, array $more = [])
    {
        $row = ['emit' => $event];
        $attachments = [];
        $row['args'] = SiogateJson::extract(array_values($args), $attachments);
        if ($to !== null) {
            $row['to'] = $to;
        }
        if ($attachments) {
            $row['attachments'] = $attachments;
        }
        $this->effects[] = $row + $more;
    }

    /* Wants acks: the function of onAck($name) gets them. */
    public function ask($event, array $args, $name, $context = null, $to = null, $ms = 10000)
    {
        $this->emit($event, $args, $to,
            ['ask' => ['name' => $name, 'context' => $context, 'timeout' => $ms]]);
    }

    public function ack(array $args)
    {
        $attachments = [];
        $row = ['ack' => SiogateJson::extract(array_values($args), $attachments)];
        $this->effects[] = $attachments ? $row + ['attachments' => $attachments] : $row;
    }

    public function join($room, $who = null)
    {
        $this->effects[] = $who === null ? ['join' => $room] : ['join' => $room, 'who' => $who];
        if ($who === null && !in_array($room, $this->rooms, true)) {
            $this->rooms[] = $room;
        }
    }

    public function leave($room, $who = null)
    {
        $this->effects[] = $who === null ? ['leave' => $room] : ['leave' => $room, 'who' => $who];
        if ($who === null) {
            $this->rooms = array_values(array_diff($this->rooms, [$room]));
        }
    }

    public function disconnect($who = 'me', $hard = false)
    {
        $this->effects[] = ['disconnect' => $who] + ($hard ? ['hard' => true] : []);
    }

    public function setData($value)
    {
        $this->data = $value;
        $this->effects[] = ['data' => $value];
    }

    public function setSession($value)
    {
        $this->session = $value;
        $this->effects[] = ['session' => $value];
    }

    public function setUser($name)
    {
        $this->user = $name;
        $this->effects[] = ['user' => $name];
    }

    /* Changes a stored value: ['append' => 'x'], ['put' => [...]], ['add' => 1] ... */
    public function value($key, array $change)
    {
        $this->effects[] = ['value' => $key] + $change;
    }

    /* An access list, of 'nsp', 'me', 'user:NAME' or 'id:ID': ['set' => [...]],
     * ['add' => [...]], ['remove' => [...]] or ['forget' => true]. */
    public function acl($of, array $change)
    {
        $this->effects[] = ['acl' => $of] + $change;
    }

    public function after($seconds, $name, $context = null, $of = null)
    {
        $this->appoint('after', $seconds, $name, $context, $of);
    }

    public function every($seconds, $name, $context = null, $of = null)
    {
        $this->appoint('every', $seconds, $name, $context, $of);
    }

    private function appoint($verb, $seconds, $name, $context, $of)
    {
        $this->effects[] = [$verb => (int)($seconds * 1000), 'name' => $name,
            'context' => $context] + ($of === null ? [] : ['of' => $of]);
    }

    public function cancel($name, $of = null)
    {
        $this->effects[] = ['cancel' => $name] + ($of === null ? [] : ['of' => $of]);
    }

    /* Any row of doc/backend.md. */
    public function effect(array $row)
    {
        $this->effects[] = $row;
    }
}

/* The page that the gateway calls. */
class Siogate
{
    use SiogateWords;

    const WINDOW = 300;

    private $secrets;
    private $handlers = [];
    private $clock;

    /* Several secrets while one is being replaced. */
    public function __construct($secrets, $clock = null)
    {
        $this->secrets = array_filter((array)$secrets, 'strlen');
        $this->clock = $clock === null ? 'time' : $clock;
    }

    /* function ($me, ...$args); its result is the ack. '*' takes what has no function. */
    public function on($event, callable $function, $nsp = '/')
    {
        $this->handlers["$nsp event $event"] = $function;
        return $this;
    }

    /* function ($me, $auth); false or SiogateRefuse refuses. */
    public function onConnect(callable $function, $nsp = '/')
    {
        $this->handlers["$nsp connect "] = $function;
        return $this;
    }

    /* function ($me, $reason) */
    public function onDisconnect(callable $function, $nsp = '/')
    {
        $this->handlers["$nsp disconnect "] = $function;
        return $this;
    }

    /* function ($me, $context) */
    public function onTimer($name, callable $function, $nsp = '/')
    {
        $this->handlers["$nsp timer $name"] = $function;
        return $this;
    }

    /* function ($me, $answers, $context): a list of arguments for each who answered. */
    public function onAck($name, callable $function, $nsp = '/')
    {
        $this->handlers["$nsp ack $name"] = $function;
        return $this;
    }

    /* Whether this request is a call of the gateway: one page may serve both. */
    public static function isCall()
    {
        return isset($_SERVER['HTTP_SIOGATE_SIGNATURE']);
    }

    /* Answers the request. */
    public function serve()
    {
        list($status, $body) = $this->answer($_SERVER, file_get_contents('php://input'));
        http_response_code($status);
        header('Content-Type: application/json');
        header('Content-Length: ' . strlen($body));
        echo $body;
    }

    /* [status, body] of a call. */
    public function answer(array $server, $body)
    {
        $refused = $this->check($server, $body);
        if ($refused !== null) {
            return $this->refused($refused[0], $refused[1]);
        }
        try {
            $call = SiogateJson::decode($body);
            if (!is_array($call) || !isset($call['siogate'], $call['key'], $call['events']) ||
                $call['siogate'] !== 1 || !is_array($call['events']) ||
                (!isset($call['nsp']) && $call['events'])) {    // without: `siogate check`
                return $this->refused(400, 'the body is no call of version 1');
            }
            if ($call['key'] !== $server['HTTP_SIOGATE_KEY']) {
                return $this->refused(400, 'the key of the body is not the one of the header');
            }
            return [200, SiogateJson::encode($this->events($call))];
        } catch (SiogateError $error) {
            return $this->refused(400, $error->getMessage());
        }
    }

    private function refused($status, $reason)
    {
        error_log("siogate: refused a call: $reason");
        return [$status, SiogateJson::encode(['error' => $reason])];
    }

    /* Null, or [status, reason]. */
    private function check(array $server, $body)
    {
        if (!$this->secrets) {
            return [503, 'no secret: give new Siogate() the one of the [backend] section'];
        }
        foreach (['KEY', 'TIMESTAMP', 'SPEAKER', 'SIGNATURE'] as $name) {
            if (!isset($server["HTTP_SIOGATE_$name"])) {
                return [403, 'not a call of siogate: a header is missing'];
            }
        }
        $head = 'v1.' . $server['HTTP_SIOGATE_KEY'] . '.' . $server['HTTP_SIOGATE_TIMESTAMP'] .
            '.' . $server['HTTP_SIOGATE_SPEAKER'] . '.';
        $good = false;
        foreach ($this->secrets as $secret) {
            $mine = 'v1=' . hash_hmac('sha256', $head . $body, $secret);
            $good = hash_equals($mine, $server['HTTP_SIOGATE_SIGNATURE']) || $good;
        }
        if (!$good) {
            return [403, 'the signature is wrong: compare the secret with the one in siogate.conf'];
        }
        $away = abs(call_user_func($this->clock) - (int)$server['HTTP_SIOGATE_TIMESTAMP']);
        return $away <= self::WINDOW ? null
            : [403, "the call is $away seconds away from this clock: compare the clocks"];
    }

    private function events(array $call)
    {
        $rows = [];
        $me = $this->socket($call);
        foreach ($call['events'] as $event) {
            $before = clone $me;
            $me->event = $event;
            $me->effects = [];
            try {
                $this->event($me, $event);
                if ($me->effects) {
                    $rows[] = ['n' => $event['n'], 'effects' => $me->effects];
                }
            } catch (SiogateRefuse $error) {
                $me = $before;
                $rows[] = ['n' => $event['n'], 'effects' => [
                    ['refuse' => $error->getMessage(), 'data' => $error->data]]];
            } catch (Throwable $error) {
                $me = $before;
                error_log('siogate: ' . $error);
                $rows[] = ['n' => $event['n'],
                    'error' => get_class($error) . ': ' . $error->getMessage()];
            }
        }
        return ['siogate' => 1, 'events' => $rows];
    }

    private function socket(array $call)
    {
        $me = new SiogateSocket();
        $socket = is_array($call['socket'] ?? null) ? $call['socket'] : [];
        foreach (['id', 'user', 'data', 'rooms', 'handshake'] as $name) {
            $me->$name = $socket[$name] ?? $me->$name;
        }
        $me->nsp = $call['nsp'];
        $me->session = $call['session']['data'] ?? null;
        $me->values = (array)($call['values'] ?? []);
        $me->sameSite = ($call['speaker'] ?? '') === 'same-site';
        $me->call = $call;
        return $me;
    }

    private function event(SiogateSocket $me, array $event)
    {
        $type = $event['type'];
        $name = $event['name'] ?? '';
        $function = $this->handlers["$me->nsp $type $name"] ?? null;
        $args = $this->arguments($event);
        if ($function === null && $type === 'event') {
            $function = $this->handlers["$me->nsp event *"] ?? null;
            array_unshift($args, $name);
        }
        if ($function === null) {
            if ($type === 'connect' && !$this->knows($me->nsp)) {
                throw new SiogateRefuse('Invalid namespace');
            }
            return;
        }
        $result = call_user_func_array($function, array_merge([$me], $args));
        if ($type === 'connect' && $result === false) {
            throw new SiogateRefuse();
        }
        if ($type === 'event' && !empty($event['ack']) && $result !== null) {
            $me->ack([$result]);
        }
    }

    private function arguments(array $event)
    {
        $attachments = $event['attachments'] ?? [];
        switch ($event['type']) {
            case 'event':
                return SiogateJson::restore($event['args'] ?? [], $attachments);
            case 'connect':
                return [$event['auth'] ?? null];
            case 'disconnect':
                return [$event['reason'] ?? null];
            case 'ack':
                $answers = [];
                foreach ($event['answers'] ?? [] as $i => $answer) {
                    $answers[] = SiogateJson::restore($answer, $attachments[$i] ?? []);
                }
                return [$answers, $event['context'] ?? null];
            default:
                return [$event['context'] ?? null];
        }
    }

    private function knows($nsp)
    {
        foreach (array_keys($this->handlers) as $key) {
            if (strpos($key, "$nsp ") === 0) {
                return true;
            }
        }
        return false;
    }
}

/* Speaking from outside, by the gateway's HTTP API. */
class SiogateApi
{
    use SiogateWords;

    private $url;
    private $options;

    /*
     * Options: token, or name and secret to sign with; connect: host:port or the path of
     * a Unix socket, whatever the URL's host is; nsp; timeout in seconds.
     */
    public function __construct($url, array $options)
    {
        $this->url = parse_url(rtrim($url, '/') . '/');
        $this->options = $options + ['nsp' => '/', 'timeout' => 15];
        if (!isset($this->url['host']) ||
            !in_array($this->url['scheme'] ?? '', ['http', 'https'], true)) {
            throw new SiogateError("the API's URL must be http:// or https://");
        }
        if (!isset($options['token']) && !isset($options['name'], $options['secret'])) {
            throw new SiogateError('give a token, or name and secret of the [api] section');
        }
    }

    /* How many sockets are meant now. */
    public function emit($event, array $args = [], $to = '*', $nsp = null, array $more = [])
    {
        $answer = $this->post('emit', $this->said($event, $args, $to, $nsp) + $more);
        return $answer['sockets'];
    }

    /* Waits for acks: answers, expected, timeout. */
    public function call($event, array $args = [], $to = '*', $seconds = 10, $nsp = null)
    {
        $answer = $this->post('call', $this->said($event, $args, $to, $nsp) +
            ['timeout' => (int)($seconds * 1000)], $seconds);
        foreach ($answer['answers'] as $i => $one) {
            $answer['answers'][$i] = SiogateJson::restore($one, $answer['attachments'][$i] ?? []);
        }
        return $answer;
    }

    private function said($event, array $args, $to, $nsp)
    {
        $attachments = [];
        $body = ['event' => $event, 'to' => $to,
            'args' => SiogateJson::extract(array_values($args), $attachments)];
        return $this->in($nsp, $body) + ($attachments ? ['attachments' => $attachments] : []);
    }

    private function in($nsp, array $body)
    {
        return ['nsp' => $nsp === null ? $this->options['nsp'] : $nsp] + $body;
    }

    /* Every socket that is meant, page after page. */
    public function query($who = '*', $nsp = null)
    {
        return $this->pages('query', 'sockets', $this->in($nsp, ['who' => $who]));
    }

    public function rooms($nsp = null)
    {
        return $this->pages('rooms', 'rooms', $this->in($nsp, []));
    }

    private function pages($verb, $member, array $body)
    {
        do {
            $answer = $this->post($verb, $body);
            foreach ($answer[$member] as $one) {
                yield $one;
            }
            $body['after'] = $answer['next'] ?? null;
        } while ($body['after'] !== null);
    }

    public function count($who = '*', $nsp = null)
    {
        return $this->post('count', $this->in($nsp, ['who' => $who]))['sockets'];
    }

    public function join($room, $who, $nsp = null)
    {
        return $this->post('join', $this->in($nsp, ['room' => $room, 'who' => $who]))['sockets'];
    }

    public function leave($room, $who, $nsp = null)
    {
        return $this->post('leave', $this->in($nsp, ['room' => $room, 'who' => $who]))['sockets'];
    }

    public function disconnect($who, $nsp = null, $hard = false)
    {
        return $this->post('disconnect', $this->in($nsp,
            ['who' => $who, 'hard' => $hard]))['sockets'];
    }

    /* A stored value, after the change if there is one. */
    public function value($key, array $change = [], $nsp = null)
    {
        return $this->post('value', $this->in($nsp, ['key' => $key] + $change))['value'];
    }

    /* An access list, after the change if there is one: names (null: no list), at, by. */
    public function acl($of, array $change = [], $nsp = null)
    {
        return $this->post('acl', $this->in($nsp, ['of' => $of] + $change));
    }

    /* Users who are in a room, or in the namespace, where presence is kept. */
    public function presence($room = '', $nsp = null, $after = '')
    {
        return $this->post('presence', $this->in($nsp, ['room' => $room, 'after' => $after]))['users'];
    }

    /* When a user was there: here, since, seen; null: never, or too long ago. */
    public function seen($user, $room = '', $nsp = null)
    {
        return $this->post('seen', $this->in($nsp, ['user' => $user, 'room' => $room]))['seen'];
    }

    /* Kept events, oldest first; $more: after or before (a seq), limit. */
    public function history($room = '', array $more = [], $nsp = null)
    {
        return $this->post('history', $this->in($nsp, ['room' => $room] + $more))['events'];
    }

    /* Where the log stands, for history(..., ['after' => ...]). */
    public function cursor()
    {
        return $this->post('cursor', [])['seq'];
    }

    /* Acks that were asked for and have not all come, page after page. */
    public function questions($nsp = null)
    {
        return $this->pages('questions', 'questions', $this->in($nsp, []));
    }

    public function batch(array $effects, $nsp = null)
    {
        return $this->post('batch', $this->in($nsp, ['effects' => $effects]));
    }

    /* Any verb of doc/backend.md; the answer, or a SiogateError. */
    public function post($verb, array $body, $wait = 0)
    {
        $data = SiogateJson::encode((object)$body);
        list($status, $text) = $this->send($this->url['path'] . "v1/$verb", $data, $wait);
        try {
            $answer = SiogateJson::decode($text);
        } catch (SiogateError $error) {
            $answer = null;
        }
        if ($status === 200 && is_array($answer)) {
            return $answer;
        }
        $said = is_array($answer) ? ($answer['text'] ?? '') :
            'the answer is no JSON object: is ' . $this->url['path'] . ' the mount of the API?';
        $error = new SiogateError("$said (HTTP $status)", $status);
        $error->error = is_array($answer) ? ($answer['error'] ?? 'error') : 'no-json';
        throw $error;
    }

    private function headers($path, $data)
    {
        $host = $this->url['host'] . (isset($this->url['port']) ? ':' . $this->url['port'] : '');
        $lines = ["POST $path HTTP/1.1", "Host: $host", 'Content-Type: application/json',
            'Content-Length: ' . strlen($data), 'Connection: close', 'Siogate-Protocol: 1'];
        if (isset($this->options['token'])) {
            $lines[] = 'Authorization: Bearer ' . $this->options['token'];
            return $lines;
        }
        $key = bin2hex(random_bytes(16));
        $now = (string)time();
        return array_merge($lines, ['Siogate-Token: ' . $this->options['name'],
            "Siogate-Key: $key", "Siogate-Timestamp: $now",
            'Siogate-Signature: v1=' . hash_hmac('sha256',
                "v1.$key.$now.api/" . basename($path) . ".$data",
                $this->options['secret'])]);
    }

    /* [status, body] */
    private function send($path, $data, $wait)
    {
        $stream = $this->open();
        stream_set_timeout($stream, (int)($this->options['timeout'] + $wait));
        $request = implode("\r\n", $this->headers($path, $data)) . "\r\n\r\n" . $data;
        for ($sent = 0; $sent < strlen($request); $sent += $n) {
            $n = fwrite($stream, substr($request, $sent));
            if (!$n) {
                fclose($stream);
                throw new SiogateError('the gateway hung up');
            }
        }
        $answer = stream_get_contents($stream);
        $late = stream_get_meta_data($stream)['timed_out'];
        fclose($stream);
        if ($late) {
            throw new SiogateError('the gateway did not answer in time');
        }
        return $this->read($answer);
    }

    private function open()
    {
        $tls = $this->url['scheme'] === 'https';
        $port = $this->url['port'] ?? ($tls ? 443 : 80);
        $where = $this->options['connect'] ?? $this->url['host'] . ':' . $port;
        $timeout = $this->options['timeout'];
        $code = 0;
        $why = '';
        if ($where[0] === '/') {
            $stream = @fsockopen('unix://' . $where, -1, $code, $why, $timeout);
        } elseif (function_exists('stream_socket_client')) {
            $context = stream_context_create(['ssl' => ['peer_name' => $this->url['host']]]);
            $stream = @stream_socket_client(($tls ? 'ssl://' : 'tcp://') . $where, $code, $why,
                $timeout, STREAM_CLIENT_CONNECT, $context);
        } else {
            $colon = strrpos($where, ':');
            $stream = @fsockopen(($tls ? 'ssl://' : '') . substr($where, 0, $colon),
                (int)substr($where, $colon + 1), $code, $why, $timeout);
        }
        if (!$stream) {
            throw new SiogateError("no connection to $where: $why");
        }
        return $stream;
    }

    private function read($answer)
    {
        list($head, $body) = explode("\r\n\r\n", $answer, 2) + [1 => ''];
        if (!preg_match('/^HTTP\/1\.[01] ([0-9]{3})/', $head, $found)) {
            throw new SiogateError('the gateway hung up, or speaks no HTTP');
        }
        if (preg_match('/^Transfer-Encoding:\s*chunked\s*$/mi', $head)) {
            $body = self::whole($body);
        }
        return [(int)$found[1], $body];
    }

    private static function whole($chunks)
    {
        $body = '';
        while (preg_match('/^([0-9a-f]+)[^\r\n]*\r\n/i', $chunks, $found) &&
            hexdec($found[1]) > 0) {
            $size = hexdec($found[1]);
            $body .= substr($chunks, strlen($found[0]), $size);
            $chunks = substr($chunks, strlen($found[0]) + $size + 2);
        }
        return $body;
    }
}
