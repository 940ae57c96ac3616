<?php
// app.php - the steps of a request for php-fpm: it says whom it serves, works and waits.
//
// Room: tests.  SPDX-License-Identifier: MIT

function says(string $place): void
{
	file_exists('/gt/' . $_GET['id'] . '/' . $place);
}

says('start');
usleep(300);
says('timer');
for ($i = 0; $i < 2000; $i++)
	md5((string)$i);
says('end');
header('Content-Length: ' . strlen($_GET['id']));
echo $_GET['id'];
