package config

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestProgramsUseTheirPartOfTheProcessors(t *testing.T) {
	for _, c := range []struct{ percent, processors, jobs, cores, quota int }{
		{100, 8, 1, 0, 0},
		{100, 8, 3, 0, 0},
		{50, 8, 1, 4, 400},
		{50, 8, 2, 2, 200},
		{50, 4, 4, 1, 50},
		{25, 16, 1, 4, 400},
		{1, 1, 1, 1, 1},
		{1, 1, 64, 1, 1},
	} {
		cores, quota := Work{Processors: c.percent}.Cores(c.processors, c.jobs)
		require.Equal(t, c.cores, cores, "%+v", c)
		require.Equal(t, c.quota, quota, "%+v", c)
	}
	for _, wrong := range []func(*Config){
		func(c *Config) { c.Work.Processors = 0 }, func(c *Config) { c.Work.Processors = 101 }, func(c *Config) { c.Work.Priority = "high" },
	} {
		c := Default()
		wrong(&c)
		require.ErrorContains(t, c.Validate(), "work.pr")
	}
}
