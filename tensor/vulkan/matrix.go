package vulkan

import (
	"errors"
	"fmt"
	"math/bits"
	"unsafe"
)

// What cooperative matrices need.
const (
	matrixExtension       = "VK_KHR_cooperative_matrix"
	memoryModelExtension  = "VK_KHR_vulkan_memory_model"
	smallIntegerExtension = "VK_KHR_shader_float16_int8"
	subgroupExtension     = "VK_EXT_subgroup_size_control"
)

// tileSide is the number of rows, of columns, and of bytes of a row that a workgroup of a kernel with
// matrices multiplies at once.
const tileSide = 64

// errMatrices marks an error of a driver that failed with cooperative matrices.
var errMatrices = errors.New("cooperative matrices fail")

// matrices are cooperative matrices of signed bytes, whose sums have 32 bits and wrap. The zero value
// stands for none.
type matrices struct {
	// rows, columns and depth are the sizes of a product of two matrices.
	rows, columns, depth uint32
	// down and across count the products that a subgroup computes at once.
	down, across uint32
}

// some reports whether there are any.
func (m matrices) some() bool { return m.rows != 0 }

// blame marks an error that may be due to matrices.
func (m matrices) blame(err error) error {
	if !m.some() {
		return err
	}
	return fmt.Errorf("%w: %w", errMatrices, err)
}

// constants returns those of kernels, with which the driver compiles them.
func (m matrices) constants() *specializationInfo {
	values := []uint32{m.rows, m.columns, m.depth, m.down, m.across}
	entries := make([]specializationEntry, len(values))
	for i := range entries {
		entries[i] = specializationEntry{constant: uint32(i), offset: uint32(4 * i), size: 4}
	}
	return &specializationInfo{count: uint32(len(entries)), entries: &entries[0], size: uint64(4 * len(values)), values: &values[0]}
}

// matrices asks a driver, which has some extensions, for the matrices of a device. A driver that does not
// answer has none.
func (m *machine) matrices(d physicalDevice, offered map[string]bool) matrices {
	list := m.lookup(m.instance, text("vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR"))
	if !offered[matrixExtension] || !offered[memoryModelExtension] || !offered[smallIntegerExtension] || !offered[subgroupExtension] || list == 0 {
		return matrices{}
	}
	small := &smallIntegerFeatures{sType: typeSmallIntegerFeatures}
	full := &subgroupFeatures{sType: typeSubgroupFeatures, next: unsafe.Pointer(small)}
	memory := &memoryModelFeatures{sType: typeMemoryModelFeatures, next: unsafe.Pointer(full)}
	matrix := &matrixFeatures{sType: typeMatrixFeatures, next: unsafe.Pointer(memory)}
	all := &features2{sType: typeFeatures2, next: unsafe.Pointer(matrix)}
	m.getPhysicalDeviceFeatures2.do(uintptr(d), uintptr(unsafe.Pointer(all)))
	group := &subgroupProperties{sType: typeSubgroupProperties}
	properties := &properties2{sType: typeProperties2, next: unsafe.Pointer(group)}
	m.getPhysicalDeviceProperties2.do(uintptr(d), uintptr(unsafe.Pointer(properties)))
	if small.int8 != 1 || full.full != 1 || memory.supported != 1 || memory.deviceScope != 1 || matrix.supported != 1 ||
		group.stages&stageCompute == 0 || group.operations&subgroupBasic == 0 {
		return matrices{}
	}
	var count uint32
	if r := list.call(uintptr(d), uintptr(unsafe.Pointer(&count)), 0); r != success || count == 0 {
		return matrices{}
	}
	found := make([]matrixProperties, count)
	for i := range found {
		found[i].sType = typeMatrixProperties
	}
	if r := list.call(uintptr(d), uintptr(unsafe.Pointer(&count)), uintptr(unsafe.Pointer(&found[0]))); r != incomplete && r != success {
		return matrices{}
	}
	return matricesOf(found[:min(int(count), len(found))], group.size)
}

// useMatrices tells a new device what kernels with matrices need.
func useMatrices(use func(extension string, feature unsafe.Pointer)) {
	use(smallIntegerExtension, unsafe.Pointer(&smallIntegerFeatures{sType: typeSmallIntegerFeatures, int8: 1}))
	use(subgroupExtension, unsafe.Pointer(&subgroupFeatures{sType: typeSubgroupFeatures, full: 1}))
	// Kernels that add to numbers of the whole device need the scope once there is a memory model.
	use(memoryModelExtension, unsafe.Pointer(&memoryModelFeatures{sType: typeMemoryModelFeatures, supported: 1, deviceScope: 1}))
	use(matrixExtension, unsafe.Pointer(&matrixFeatures{sType: typeMatrixFeatures, supported: 1}))
}

// matricesOf returns the largest of the matrices that kernels can use on a device with subgroups of some
// threads.
func matricesOf(found []matrixProperties, subgroup uint32) matrices {
	var best matrices
	for _, p := range found {
		m := matrices{rows: p.m, columns: p.n, depth: p.k}
		if p.exact() && p.fits() && m.products() > best.products() {
			best = m
		}
	}
	if subgroup == 0 || subgroup > groupThreads || bits.OnesCount32(subgroup) != 1 {
		return matrices{}
	}
	return best.shared(groupThreads / subgroup)
}

// products returns the number of those of two elements.
func (m matrices) products() uint64 { return uint64(m.rows) * uint64(m.columns) * uint64(m.depth) }

// exact reports whether the sums of matrices are those of the profile.
func (p matrixProperties) exact() bool {
	return p.a == componentSigned8 && p.b == componentSigned8 && p.c == componentSigned32 && p.result == componentSigned32 &&
		p.saturates == 0 && p.scope == scopeSubgroup
}

// fits reports whether matrices divide a tile, at words.
func (p matrixProperties) fits() bool {
	divides := func(n uint32) bool { return n != 0 && tileSide%n == 0 }
	return divides(p.m) && divides(p.n) && divides(p.k) && p.k%4 == 0
}

// shared divides a tile among a number of subgroups, into parts that are about square.
func (m matrices) shared(subgroups uint32) matrices {
	if !m.some() {
		return m
	}
	m.down, m.across = 1, 1
	most := func() uint32 { return tileSide / (m.rows * m.down) * (tileSide / (m.columns * m.across)) }
	for most() > subgroups {
		if down := m.rows * m.down; down < tileSide && (down <= m.columns*m.across || m.columns*m.across == tileSide) {
			m.down *= 2
		} else {
			m.across *= 2
		}
	}
	return m
}
