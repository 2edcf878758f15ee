// Package asm has what the generators of kernels share: the instruction sets,
// functions and their parameters, constants, addresses of lines that lie evenly
// apart, and the loops over tiles and columns.
//
// Like avo's package build, whose functions it calls, it writes one file a run
// and keeps that file in package variables.
package asm
