//go:build linux

package container

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	api "github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor"
)

// BenchmarkJobAgainstPlainRun runs a program of three seconds as a task and as a plain container of the same engine, in
// turn. The metric "ratio" is the time of the tasks by that of the plain containers.
func BenchmarkJobAgainstPlainRun(b *testing.B) {
	address := socket(b)
	archive := filepath.Join(b.TempDir(), "image.tar")
	require.NoError(b, os.WriteFile(archive, guestImage(b, "slow").saved(b), 0o600))
	e, err := New(Config{Socket: address, Dir: b.TempDir(), Home: "bench", Slots: 1})
	require.NoError(b, err)
	defer e.Close()
	ctx := context.Background()
	c, err := e.engine.connect(ctx)
	require.NoError(b, err)
	number := 0
	job := func() {
		number++
		id := fmt.Sprint("task", number)
		require.NoError(b, e.Start(ctx, executor.Task{
			ID: id, ProgramPath: archive, Fuel: 60 * FuelPerSecond, MemoryBytes: 64 << 20, OutputBytes: 1 << 20, OutputFiles: 10,
			OutputDir: filepath.Join(b.TempDir(), id), Unsynced: true,
		}))
		_, err := e.Wait(ctx, id)
		require.NoError(b, err)
		require.NoError(b, e.Destroy(id))
	}
	job() // loads the image
	records, err := e.images.records()
	require.NoError(b, err)
	image, out := e.images.name(records[0].ID), b.TempDir()
	require.NoError(b, os.Chmod(out, 0o777))
	plain := func() {
		made, err := c.ContainerCreate(ctx, client.ContainerCreateOptions{
			Config:     &api.Config{Image: image},
			HostConfig: &api.HostConfig{NetworkMode: "none", Binds: []string{out + ":" + OutputDir}},
		})
		require.NoError(b, err)
		_, err = c.ContainerStart(ctx, made.ID, client.ContainerStartOptions{})
		require.NoError(b, err)
		waiting := c.ContainerWait(ctx, made.ID, client.ContainerWaitOptions{})
		select {
		case <-waiting.Result:
		case err := <-waiting.Error:
			b.Fatal(err)
		}
		_, err = c.ContainerRemove(ctx, made.ID, client.ContainerRemoveOptions{})
		require.NoError(b, err)
	}
	var jobs, plains time.Duration
	for b.Loop() {
		began := time.Now()
		job()
		between := time.Now()
		plain()
		jobs, plains = jobs+between.Sub(began), plains+time.Since(between)
	}
	b.ReportMetric(jobs.Seconds()/plains.Seconds(), "ratio")
	require.NoError(b, e.images.drop(ctx, records[0].ID))
}
