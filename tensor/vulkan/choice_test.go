//go:build (linux || windows || darwin) && (amd64 || arm64)

package vulkan

import (
	"errors"
	"testing"
	"unsafe"

	"github.com/ebitengine/purego"
	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/tensor/vulkan/kernel"
)

// eights are matrices that some drivers have.
func eights() matrices { return matrices{rows: 8, columns: 8, depth: 8}.shared(4) }

// standIn opens a device whose driver says that it has cooperative matrices, and executes other kernels in
// place of those that use them.
func standIn(t *testing.T, kernels map[string]string) *Device {
	t.Helper()
	d := openHere(t, WithoutMatrices())
	t.Cleanup(func() { require.NoError(t, d.Close()) })
	others := map[uint64][]uint32{}
	for name, other := range kernels {
		code, err := kernel.Code(kernel.WithMatrices(name))
		require.NoError(t, err)
		others[uint64(4*len(code))], err = kernel.Code(other)
		require.NoError(t, err)
	}
	load, compile := d.createShaderModule, d.createComputePipelines
	d.createShaderModule = function(purego.NewCallback(func(device uintptr, info *shaderModuleCreateInfo, allocator, module uintptr) uintptr {
		loaded := *info
		if code, found := others[info.codeSize]; found {
			loaded.codeSize, loaded.code = uint64(4*len(code)), &code[0]
		}
		return uintptr(uint32(load.call(device, uintptr(unsafe.Pointer(&loaded)), allocator, module)))
	}))
	// The device was made without what the flags of kernels with matrices need.
	d.createComputePipelines = function(purego.NewCallback(func(device, cache, count uintptr, info *computePipelineCreateInfo, allocator, pipeline uintptr) uintptr {
		plain := *info
		plain.stage.flags = 0
		return uintptr(uint32(compile.call(device, cache, count, uintptr(unsafe.Pointer(&plain)), allocator, pipeline)))
	}))
	d.matrices = eights()
	return d
}

func TestMatricesThatGiveRightBitsAreChosen(t *testing.T) {
	d := standIn(t, map[string]string{"gemm": "gemm", "conv": "conv"})
	require.NoError(t, d.chooseMatrices())
	require.Equal(t, "8x8x8", d.Matrices())
	for _, name := range []string{"gemm", "conv"} {
		require.Contains(t, d.pipelines.compiled, kernel.WithMatrices(name), "the test has to execute it")
	}
	require.NoError(t, d.Test(40<<40, 1))
}

// gemmeach and conveach compute a part of the elements if they stand for kernels of tiles.
func TestADriverWhoseMatricesAreWrongIsUsedWithoutThem(t *testing.T) {
	for _, wrong := range []map[string]string{{"gemm": "gemmeach", "conv": "conv"}, {"gemm": "gemm", "conv": "conveach"}} {
		d := standIn(t, wrong)
		dots := d.dots
		require.NoError(t, d.chooseMatrices())
		require.Empty(t, d.Matrices())
		require.NoError(t, d.chooseDots())
		require.Equal(t, dots, d.DotProducts(), "instructions for sums of products are not to blame")
		require.NoError(t, d.Test(41<<40, 1))
	}
}

func TestADriverThatFailsWithMatricesIsOpenedWithoutThem(t *testing.T) {
	d := standIn(t, map[string]string{"gemm": "gemm", "conv": "conv"})
	sound := d.createComputePipelines
	d.createComputePipelines = failing(featureNotPresent)
	err := d.chooseMatrices()
	require.ErrorIs(t, err, errMatrices)
	require.ErrorContains(t, err, "testing cooperative matrices")
	d.createComputePipelines = sound
	d.matrices = matrices{}

	var tried []bool
	opened, err := openWhatWorks(settings{index: -1, matrices: true}, func(s settings) (*Device, error) {
		if tried = append(tried, s.matrices); s.matrices {
			return nil, err
		}
		return d, nil
	})
	require.NoError(t, err)
	require.Equal(t, d, opened)
	require.Equal(t, []bool{true, false}, tried)
	_, err = openWhatWorks(settings{matrices: true}, func(settings) (*Device, error) { return nil, ErrLost })
	require.Equal(t, ErrLost, err, "what does not come from matrices is not tried again")
}

func TestADeviceThatCannotBeMadeWithMatricesIsMadeWithoutThem(t *testing.T) {
	require.NoError(t, openHere(t).Close())
	for _, m := range []matrices{{}, eights()} {
		machine, err := openMachine()
		require.NoError(t, err)
		found, err := machine.devices()
		require.NoError(t, err)
		d := &Device{machine: machine, matrices: m}
		d.facts, err = machine.facts(found[0])
		require.NoError(t, err)
		machine.createDevice = failing(featureNotPresent)
		err = d.create(found[0])
		require.ErrorContains(t, err, "making a device")
		require.Equal(t, m.some(), errors.Is(err, errMatrices))
		require.NoError(t, d.Close())
	}
}

// Without matrices, the tests of sums of products execute the kernels of tiles too.
func TestSumsOfProductsAreTestedInTiles(t *testing.T) {
	d := openHere(t, WithoutMatrices())
	if !d.DotProducts() {
		require.NoError(t, d.Close())
		t.Skip("no instructions for sums of products were tested: the device has none, or wrong ones")
	}
	for _, name := range []string{"gemm", "conv"} {
		require.Contains(t, d.pipelines.compiled, kernel.WithDots(name))
	}
	require.NoError(t, d.Close())
}

func TestTheLargestExactMatricesThatDivideATileAreChosen(t *testing.T) {
	shape := func(m, n, k uint32) matrixProperties {
		return matrixProperties{
			m: m, n: n, k: k, a: componentSigned8, b: componentSigned8, c: componentSigned32, result: componentSigned32,
			scope: scopeSubgroup,
		}
	}
	other := func(change func(*matrixProperties)) matrixProperties {
		p := shape(64, 64, 64)
		change(&p)
		return p
	}
	for name, c := range map[string]struct {
		found    []matrixProperties
		subgroup uint32
		want     matrices
	}{
		"none":             {nil, 32, matrices{}},
		"a processor":      {[]matrixProperties{shape(8, 8, 8)}, 8, matrices{8, 8, 8, 2, 2}},
		"the largest":      {[]matrixProperties{shape(16, 8, 32), shape(16, 16, 32), shape(16, 16, 16)}, 32, matrices{16, 16, 32, 2, 2}},
		"large subgroups":  {[]matrixProperties{shape(16, 16, 16)}, 64, matrices{16, 16, 16, 4, 2}},
		"one subgroup":     {[]matrixProperties{shape(16, 16, 16)}, 128, matrices{16, 16, 16, 4, 4}},
		"not square":       {[]matrixProperties{shape(8, 16, 32)}, 16, matrices{8, 16, 32, 4, 1}},
		"a whole tile":     {[]matrixProperties{shape(64, 64, 32)}, 64, matrices{64, 64, 32, 1, 1}},
		"a row of a tile":  {[]matrixProperties{shape(64, 8, 32)}, 64, matrices{64, 8, 32, 1, 4}},
		"no power of two":  {[]matrixProperties{shape(16, 16, 16)}, 48, matrices{}},
		"wider than ours":  {[]matrixProperties{shape(16, 16, 16)}, 256, matrices{}},
		"beyond a tile":    {[]matrixProperties{shape(128, 16, 16), shape(16, 16, 128)}, 32, matrices{}},
		"uneven":           {[]matrixProperties{shape(12, 16, 16), shape(16, 16, 2), shape(0, 16, 16)}, 32, matrices{}},
		"saturating":       {[]matrixProperties{other(func(p *matrixProperties) { p.saturates = 1 })}, 32, matrices{}},
		"of a workgroup":   {[]matrixProperties{other(func(p *matrixProperties) { p.scope = 2 })}, 32, matrices{}},
		"without signs":    {[]matrixProperties{other(func(p *matrixProperties) { p.b = 7 })}, 32, matrices{}},
		"sums of 16 bits":  {[]matrixProperties{other(func(p *matrixProperties) { p.c = 4 })}, 32, matrices{}},
		"results as float": {[]matrixProperties{other(func(p *matrixProperties) { p.result = 1 })}, 32, matrices{}},
	} {
		require.Equal(t, c.want, matricesOf(c.found, c.subgroup), name)
	}
}
