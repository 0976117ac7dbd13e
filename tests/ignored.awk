# What `cargo test` prints, and one line after it for the tests that were ignored: how many, and why.
#
#     cargo test | awk -f tests/ignored.awk
{ print; fflush() }
/^test .* \.\.\. ignored/ {
    reason = "without a reason"
    if (match($0, /\.\.\. ignored, /)) reason = substr($0, RSTART + RLENGTH)
    total++
    if (!count[reason]++) reasons[++n] = reason
}
END {
    if (total) {
        line = "ignored: " total (total == 1 ? " test" : " tests")
        for (i = 1; i <= n; i++) line = line (i == 1 ? ": " : "; ") count[reasons[i]] " because " reasons[i]
        print line
    }
}
