FROM scratch
CMD ['single', 'quotes']
