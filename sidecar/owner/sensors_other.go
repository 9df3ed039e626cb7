//go:build !linux && !windows

package owner

// openSensors returns sensors that say that this build sees nothing on this system.
func openSensors(OpenConfig) Sensors {
	return Sensors{
		Idle: unbuilt[Activity]("the last use of keyboard and mouse"), FullScreen: unbuilt[string]("which window fills the screen"),
		Programs: unbuilt[[]string]("which programs run"), CPU: unbuilt[float64]("the load of other programs"),
		GPU: unbuilt[float64]("the use of graphics cards"), CPUTemperature: unbuilt[float64]("temperatures"),
		GPUTemperature: unbuilt[float64]("temperatures"), Fan: unbuilt[float64]("fans"), Power: unbuilt[Power]("the battery"),
		Metered: unbuilt[bool]("whether the network is metered"), FreeDisk: unbuilt[uint64]("the free space of a disk"),
	}
}

// hasScreen returns true: nearly all machines with this system have a screen.
func hasScreen(func(string) string) bool { return true }
