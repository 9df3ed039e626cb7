package meter

// Limits on a module, part of the profile. Engines have limits of their own, which
// differ and change; these are within all of them, so that no engine decides what a
// valid program is.
const (
	// MaxTypes is the most function types of a module.
	MaxTypes = 1 << 16
	// MaxParams is the most parameters, and the most results, of a function type.
	MaxParams = 1000
	// MaxImports is the most imports.
	MaxImports = 1000
	// MaxFunctions is the most functions that a module may define.
	MaxFunctions = 1 << 19
	// MaxGlobals is the most globals.
	MaxGlobals = 1 << 16
	// MaxExports is the most exports.
	MaxExports = 1 << 16
	// MaxNameBytes is the longest name of an import or export.
	MaxNameBytes = 1 << 16
	// MaxSegments is the most data segments, and the most element segments: as many as
	// browsers take, and so as many as Go's linker makes.
	MaxSegments = 100_000
	// MaxFunctionBytes is the most code that one function may have.
	MaxFunctionBytes = 1 << 20
	// MaxRewrittenBytes is the most code that a function may have with what the
	// rewriting adds.
	MaxRewrittenBytes = 7 << 20
	// MaxFunctionLocals is the most parameters, results and locals of a function.
	MaxFunctionLocals = 16384
	// MaxBranchTable is the most targets of one branch table.
	MaxBranchTable = 1 << 15
	// MaxFunctionJoins bounds the values that a function may carry to the places where
	// its control flow meets, see joins. A compiler may keep each of them apart: with
	// some thousands of both it takes more time and memory than any machine has, and
	// kills the process in the end. PHP's interpreter has a function of 2,121,123.
	MaxFunctionJoins = 2_200_000
	// MaxModuleJoins bounds the sum of that over all functions.
	MaxModuleJoins = 1 << 25
	// MaxTableElements is the largest that one table may be.
	MaxTableElements = 1 << 20
	// MaxTables is the most tables that a module may have.
	MaxTables = 16
	// MaxPages is the most memory that a program can have: a page less than 32 bits
	// can address, because engines disagree on the last one.
	MaxPages = 1<<16 - 1
)
