<?php
// app.php - the router of php -S; each answer says in words what happened.
//
// Room: tests.  SPDX-License-Identifier: MIT

function burn(float $seconds): float
{
	$used = fn () => getrusage()['ru_utime.tv_sec'] + getrusage()['ru_utime.tv_usec'] / 1e6;
	$began = $used();

	while ($used() - $began < $seconds)
		for ($i = 0; $i < 1000; $i++)
			sha1(str_repeat('x', 4096));
	return $used() - $began;
}

switch (parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH)) {
case '/slow':
	$began = microtime(true);
	$left = usleep(300000);
	$slept = microtime(true) - $began;
	printf("slept %.6f, burnt %.6f\n", $slept, burn(0.2));
	break;
case '/sleep':
	$began = microtime(true);
	printf("sleep() gives %s after", var_export(sleep(1), true));
	printf(" %s\n", microtime(true) - $began >= 1 ? 'a second' : 'less than a second');
	break;
case '/echo':
	$posted = file_get_contents('php://input');
	echo strlen($posted), " bytes of ", $posted;
	break;
case '/big':
	echo str_repeat('0123456789abcdef', 20000);
	break;
default:
	echo "hello\n";
}
