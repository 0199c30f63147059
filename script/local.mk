EXTRA_DIST += %D%/packages %D%/install-packages %D%/lib.sh %D%/demo %D%/test \
	%D%/bundle %D%/tap.mjs %D%/client/package.json %D%/client/package-lock.json

# One archive to unpack in public_html, for hosts without root or compiler.
.PHONY: bundle
bundle:
	@bash $(srcdir)/%D%/bundle "$(builddir)" "$(VERSION)" "$(MAKE)"
clean-local:
	rm -rf bundle $(PACKAGE)-$(VERSION)-bundle.tar.gz
