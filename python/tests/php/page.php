<?php
/*
 * page.php - the handlers that test_php.py speaks to
 *
 * SPDX-License-Identifier: ISC
 */
require __DIR__ . '/../../../php/siogate.php';

$gate = new Siogate(explode("\n", getenv('TEST_SECRET')), function () {
    return (int)getenv('TEST_NOW');
});
$gate->onConnect(function (SiogateSocket $me, $auth) {
    if ($auth === 'data') {
        throw new SiogateRefuse('not you', ['code' => 3]);
    }
    $me->join('lobby');
    return $auth !== 'no';
}, '/chat');
$gate->on('echo', function (SiogateSocket $me, $value) {
    return $value;
}, '/chat');
$gate->on('say', function (SiogateSocket $me, $text) {
    $me->emit('said', [$text, $me->rooms, $me->sameSite], Siogate::room('lobby') . ' -me');
    $me->ack([1, new SiogateBinary("\x00\xff")]);
}, '/chat');
$gate->on('fails', function (SiogateSocket $me) {
    $me->join('never');
    throw new RuntimeException('it broke');
}, '/chat');
$gate->on('state', function (SiogateSocket $me) {
    $me->emit('state', [$me->rooms, $me->data, $me->session, $me->user, $me->values]);
}, '/chat');
$gate->on('keep', function (SiogateSocket $me, $value) {
    $me->setData($value);
    $me->setSession(['s' => $value]);
    $me->setUser('anna');
    $me->value('list', ['append' => $value]);
    $me->acl('user:anna', ['add' => ['say']]);
    $me->join('a b');
    $me->leave('lobby');
}, '/chat');
$gate->on('later', function (SiogateSocket $me) {
    $me->after(2, 'tick', ['x' => 1]);
    $me->ask('well?', [], 'answered', 7);
}, '/chat');
$gate->onTimer('tick', function (SiogateSocket $me, $context) {
    $me->emit('tick', [$context]);
}, '/chat');
$gate->onAck('answered', function (SiogateSocket $me, $answers, $context) {
    $me->emit('answers', [$answers, $context]);
}, '/chat');
$gate->onDisconnect(function (SiogateSocket $me, $reason) {
    $me->emit('gone', [$reason], '* -me');
}, '/chat');
$gate->on('*', function (SiogateSocket $me, $name, $first = null) {
    return "$name $first";
}, '/chat');
$gate->serve();
