<?php
/*
 * echo.php - the smallest PHP page that is a backend: `echo` acks with its argument
 *
 * SPDX-License-Identifier: ISC
 */
require getenv('SIOGATE_PHP');

$gate = new Siogate(getenv('SIOGATE_SECRET'));
$gate->on('echo', function (SiogateSocket $me, $what) {
    return $what;
}, '/backend');
$gate->serve();
