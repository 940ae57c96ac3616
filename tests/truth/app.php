<?php
// app.php - the steps of a request for php-fpm: it says whom it serves, works and waits.
//
// Room: tests.  SPDX-License-Identifier: MIT

function says(string $place): void
{
	file_exists('/gt/' . $_GET['id'] . '/' . $place);
}

function cpu_ns(): int
{
	usleep(1); // the kernel counts to the end when a thread leaves its CPU
	return (int)file_get_contents('/proc/thread-self/schedstat');
}

says('start');
usleep(300);
says('timer');
for ($i = 0; $i < 2000; $i++)
	md5((string)$i);
$answer = $_GET['id'];
if (isset($_GET['steps'])) {
	$began = cpu_ns();
	for ($i = 0; $i < 20000; $i++)
		md5((string)$i);
	$answer .= ' ' . (cpu_ns() - $began);
}
says('end');
header('Content-Length: ' . strlen($answer));
echo $answer;
