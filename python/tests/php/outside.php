<?php
/*
 * outside.php - what test_php.py lets PHP say to the HTTP API: URL and options as JSON
 *
 * SPDX-License-Identifier: ISC
 */
require __DIR__ . '/../../../php/siogate.php';

$api = new SiogateApi($argv[1], json_decode($argv[2], true) + ['nsp' => '/chat']);
$said = [];
$said['emit'] = $api->emit('notice', ['x', new SiogateBinary("\x01")], SiogateApi::room('a b'));
$said['call'] = $api->call('well?', [], '*', 1);
$said['join'] = $api->join('r', '*');
$said['query'] = array_column(iterator_to_array($api->query('room:r'), false), 'rooms');
$said['rooms'] = iterator_to_array($api->rooms(), false);
$said['count'] = $api->count('room:r');
$said['value'] = $api->value('k', ['append' => 'v']);
$api->batch([['emit' => 'batched', 'args' => [], 'to' => '*']]);
$said['leave'] = $api->leave('r', '*');
try {
    $api->emit('x', [], 'nonsense');
} catch (SiogateError $error) {
    $said['error'] = [$error->getCode(), $error->error, $error->getMessage()];
}
$said['disconnect'] = $api->disconnect('*');
echo SiogateJson::encode($said);
