#pragma once
// A library that a test loads into a program (LD_PRELOAD). It keeps a copy of each file as it was when the program last
// asked for it to be durable: what a failure of power would leave.
