package wasm_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/manifest"
	"github.com/thetaedge/theta/executor/wasm"
)

// TestAProgramHasNoNetwork: the calls of WASI that use a connection answer that they are not supported, for
// every descriptor, and no others can be imported.
func TestAProgramHasNoNetwork(t *testing.T) {
	const notSupported = 58 // ENOTSUP of WASI preview 1
	for _, call := range []struct{ name, params, arguments string }{
		{"sock_accept", "i32 i32 i32", "(i32.const 0) (i32.const 64)"},
		{"sock_recv", "i32 i32 i32 i32 i32 i32", "(i32.const 64) (i32.const 1) (i32.const 0) (i32.const 80) (i32.const 84)"},
		{"sock_send", "i32 i32 i32 i32 i32", "(i32.const 64) (i32.const 1) (i32.const 0) (i32.const 80)"},
		{"sock_shutdown", "i32 i32", "(i32.const 3)"},
	} {
		program := watModule(t, fmt.Sprintf(`(module
			(import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
			(import "wasi_snapshot_preview1" %q (func $call (param %s) (result i32)))
			(memory (export "memory") 1)
			(func (export "_start") (local $fd i32)
				(loop $next
					(if (i32.ne (call $call (local.get $fd) %s) (i32.const %d)) (then (call $exit (i32.const 1))))
					(local.set $fd (i32.add (local.get $fd) (i32.const 1)))
					(br_if $next (i32.lt_u (local.get $fd) (i32.const 16))))
				(call $exit (i32.const 7))))`, call.name, call.params, call.arguments, notSupported))
		for _, engine := range wasm.Engines() {
			r := runOn(t, engine, task(t, program))
			require.Equal(t, manifest.ReasonExited, r.Reason, "%s: %s", call.name, r.Detail)
			require.Equal(t, int32(7), r.ExitCode, "%s on %s answers for every descriptor that it is not supported", call.name, engine)
		}
	}
	for _, call := range [][2]string{
		{"wasi_snapshot_preview1", "sock_open"},
		{"wasi_snapshot_preview1", "sock_connect"},
		{"wasi_snapshot_preview1", "sock_bind"},
		{"wasi_snapshot_preview1", "sock_listen"},
		{"wasi_snapshot_preview1", "sock_getaddrinfo"},
		{"wasi_snapshot_preview1", "fd_connect"},
		{"wasi_unstable", "sock_send"},
		{"env", "socket"},
		{"env", "connect"},
		{"wasi:sockets/tcp", "start-connect"},
		{"wasi:http/outgoing-handler", "handle"},
		{"wasix_32v1", "sock_connect"},
	} {
		program := watModule(t, fmt.Sprintf(`(module (import %q %q (func (param i32) (result i32))) (memory (export "memory") 1) (func (export "_start")))`, call[0], call[1]))
		r := refusedOrTrapped(t, task(t, program))
		require.Contains(t, r, "import "+call[0]+"."+call[1], call)
	}
}

// refusedOrTrapped returns why a program that cannot run has no good result.
func refusedOrTrapped(t *testing.T, task executor.Task) string {
	t.Helper()
	r, err := try(t, task)
	if err != nil {
		return err.Error()
	}
	require.NotEqual(t, manifest.ReasonExited, r.Reason)
	require.Equal(t, manifest.NoExitCode, r.ExitCode)
	return r.Detail
}
