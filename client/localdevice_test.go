package client

import (
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/client/jobfile"
	"github.com/thetaedge/theta/executor/tensors"
	"github.com/thetaedge/theta/tensor/backend"
)

// product is a program of tensor/1 that fills a tensor and writes it to stdout.
const product = `(module
	(import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
	(import "theta_tensor_1" "alloc" (func $alloc (param i32 i64) (result i32)))
	(import "theta_tensor_1" "read" (func $read (param i32 i64 i32 i32)))
	(memory (export "memory") 2)
	(func (export "_start")
		(drop (call $alloc (i32.const 4) (i64.const 16)))
		(call $read (i32.const 1) (i64.const 0) (i32.const 64) (i32.const 64))
		(i32.store (i32.const 0) (i32.const 64)) (i32.store (i32.const 4) (i32.const 64))
		(drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))`

func productJob(t *testing.T) jobfile.Job {
	t.Helper()
	job := localJob(t, product, "resources: {fuel: 10_000_000, memory: 1MiB, output: 1KiB}\n", nil)
	job.Executor, job.Resources.Device = tensors.Profile, 1<<20
	return job
}

func choice(t *testing.T, text string) backend.Choice {
	t.Helper()
	c, err := backend.ParseChoice(text)
	require.NoError(t, err)
	return c
}

func TestALocalRunOnAnyDeviceGivesOneDigest(t *testing.T) {
	job := productJob(t)
	plain, err := RunLocal(t.Context(), job, 0, t.TempDir())
	require.NoError(t, err)
	require.Contains(t, plain.Engine, "core")
	reference, err := RunLocal(t.Context(), job, 0, t.TempDir(), OnDevice(choice(t, "ref")))
	require.NoError(t, err)
	require.Contains(t, reference.Engine, "reference")
	require.Equal(t, plain.Digest, reference.Digest)
	_, err = RunLocal(t.Context(), job, 0, t.TempDir(), OnDevice(choice(t, "vulkan:77")))
	require.Error(t, err, "only auto falls back")
	_, err = RunLocal(t.Context(), job, 0, t.TempDir(), OnDevice(choice(t, "auto")))
	require.NoError(t, err)

	found, err := backend.List()
	at := slices.IndexFunc(found, func(d backend.Device) bool { return d.Kind == "processor" })
	if at < 0 && os.Getenv("THETA_VULKAN") != "require" {
		t.Skipf("no driver of Vulkan was tested (THETA_VULKAN=require fails here): found %v, %v", found, err)
	}
	require.GreaterOrEqual(t, at, 0, "found %v, %v", found, err)
	require.Equal(t, choice(t, "vulkan:"+found[at].UUID), found[at].Choice())
	device, err := RunLocal(t.Context(), job, 0, t.TempDir(), OnDevice(found[at].Choice()))
	require.NoError(t, err)
	require.Contains(t, device.Engine, found[at].Name)
	require.Equal(t, plain.Digest, device.Digest)
}
